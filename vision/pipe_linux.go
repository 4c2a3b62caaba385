package vision

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// enlargePipe lets a child write ahead: fewer switches between it and us. It is
// an aid; a refusal costs some CPU time only.
func enlargePipe(r io.Reader) {
	f, ok := r.(*os.File)
	if !ok {
		return
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, 1<<20)
	})
}
