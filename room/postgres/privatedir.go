package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// orphanPatience is how long the server of a killed parent may take to end.
const orphanPatience = 20 * time.Second

// socketPathMax is what Linux allows for the path of a unix socket (unix(7): 108
// bytes with the final NUL).
const socketPathMax = 107

// layout is where a private cluster lies, and as whom its server runs.
type layout struct {
	dir        string
	data       string // DIR/data
	socket     string // DIR/run, or a shorter path
	bin        string // directory of initdb and postgres
	uid, gid   int
	credential *syscall.Credential // nil: as ourselves
	lock       *dirLock
}

// lay finds out everything about dir's cluster and locks it.
func lay(dir string) (layout, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return layout{}, err
	}
	l := layout{uid: os.Geteuid(), gid: os.Getegid()}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return layout{}, err
		}
	}
	if l.dir, err = filepath.EvalSymlinks(dir); err != nil { // as the kernel names a working directory
		return layout{}, err
	}
	l.data = filepath.Join(l.dir, "data")
	if l.lock, err = lockDir(dir); err != nil {
		return layout{}, err
	}
	err = firstError(l.chooseUser(), l.chooseBinaries())
	if err == nil {
		err = l.chooseSocket()
	}
	if err != nil {
		l.release()
		return layout{}, err
	}
	return l, nil
}

// release gives the directory free, once the server has ended.
func (l layout) release() {
	l.lock.once.Do(func() {
		if filepath.Dir(l.socket) != l.dir {
			_ = os.Remove(l.socket) // what a killed server left in it stays, and is used again
		}
		// Closing is not enough: a child of ours between its fork and its exec has a copy.
		_ = syscall.Flock(int(l.lock.file.Fd()), syscall.LOCK_UN)
		_ = l.lock.file.Close()
	})
}

// chooseUser finds who runs the server: PostgreSQL refuses to run as root.
func (l *layout) chooseUser() error {
	owner, exists, err := ownerOf(l.data)
	if err != nil {
		return err
	}
	switch {
	case l.uid != 0:
		if exists && int(owner.Uid) != l.uid {
			return fmt.Errorf("%s belongs to user %d: start as that user or as root, or move the directory away", l.data, owner.Uid)
		}
		return nil
	case exists && owner.Uid != 0:
		l.uid, l.gid = int(owner.Uid), int(owner.Gid)
	default:
		u, err := user.Lookup("postgres")
		if err != nil {
			return fmt.Errorf("PostgreSQL does not run as root, and there is no user postgres: apt-get install postgresql-15 makes it (%w)", err)
		}
		l.uid, _ = strconv.Atoi(u.Uid)
		l.gid, _ = strconv.Atoi(u.Gid)
	}
	l.credential = &syscall.Credential{Uid: uint32(l.uid), Gid: uint32(l.gid)}
	return nil
}

func ownerOf(path string) (st syscall.Stat_t, exists bool, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return st, false, nil
	}
	if err != nil {
		return st, false, err
	}
	return *info.Sys().(*syscall.Stat_t), true, nil
}

// chooseBinaries finds the programs of PostgreSQL: of the cluster's own major
// version, or of the newest for a new one.
func (l *layout) chooseBinaries() error {
	major, err := os.ReadFile(filepath.Join(l.data, "PG_VERSION"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	want := strings.TrimSpace(string(major))
	pattern := "*"
	if want != "" {
		pattern = want
	}
	found, err := filepath.Glob(filepath.Join("/usr/lib/postgresql", pattern, "bin", "initdb")) // Debian's place
	if err != nil {
		return err
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
	if len(found) > 0 && version(found[0]) >= 15 {
		l.bin = filepath.Dir(found[0])
		return nil
	}
	if want == "" {
		if path, err := exec.LookPath("initdb"); err == nil {
			l.bin = filepath.Dir(path)
			return nil
		}
		want = "15"
	}
	return fmt.Errorf("the programs of PostgreSQL %s are not installed: apt-get install postgresql-%s", want, want)
}

// chooseSocket takes DIR/run, or a short path where that one would be too long.
func (l *layout) chooseSocket() error {
	l.socket = filepath.Join(l.dir, "run")
	if len(filepath.Join(l.socket, ".s.PGSQL.5432.lock")) > socketPathMax {
		base := os.TempDir()
		if runtime := os.Getenv("XDG_RUNTIME_DIR"); runtime != "" && l.credential == nil {
			base = runtime
		}
		sum := sha256.Sum256([]byte(l.dir))
		l.socket = filepath.Join(base, "packroom-"+hex.EncodeToString(sum[:6]))
	}
	if len(filepath.Join(l.socket, ".s.PGSQL.5432.lock")) > socketPathMax {
		return fmt.Errorf("the path of the socket %s is too long (at most %d bytes): use a directory with a shorter path", l.socket, socketPathMax)
	}
	return nil
}

// prepare makes what is missing: directories, cluster, access rules.
func (l layout) prepare(ctx context.Context, log *slog.Logger) error {
	if err := l.own(l.socket); err != nil {
		return err
	}
	if err := l.reachable(); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(l.data, "PG_VERSION")); errors.Is(err, fs.ErrNotExist) {
		log.InfoContext(ctx, "making a database cluster", "dir", l.data)
		if err := l.initdb(ctx); err != nil {
			return err
		}
	}
	return l.writeAccess()
}

// own makes path a directory of the server's user that nobody else enters.
func (l layout) own(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	owner := int(info.Sys().(*syscall.Stat_t).Uid)
	if !info.IsDir() || owner != l.uid && owner != os.Geteuid() {
		return fmt.Errorf("%s is not a directory of user %d: remove it", path, l.uid)
	}
	if owner != l.uid {
		if err := os.Lchown(path, l.uid, l.gid); err != nil {
			return err
		}
	}
	return os.Chmod(path, 0o700)
}

// reachable checks that the server's user can walk to the directory.
func (l layout) reachable() error {
	if l.credential == nil {
		return nil
	}
	if owner, exists, err := ownerOf(l.dir); err == nil && exists && owner.Uid == 0 {
		if info, err := os.Stat(l.dir); err == nil && info.Mode().Perm()&0o001 == 0 {
			if err := os.Chmod(l.dir, info.Mode().Perm()|0o011); err != nil {
				return err
			}
		}
	}
	cmd := exec.Command("/bin/true")
	cmd.Dir = l.socket
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: l.credential}
	if err := cmd.Run(); err != nil {
		return l.explain(err)
	}
	return nil
}

// explain says which directory keeps the server's user out, where one does.
func (l layout) explain(err error) error {
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	for at := filepath.Dir(l.socket); ; at = filepath.Dir(at) {
		info, statErr := os.Stat(at)
		if statErr == nil && info.Mode().Perm()&0o001 == 0 && int(info.Sys().(*syscall.Stat_t).Uid) != l.uid {
			return fmt.Errorf("the server's user (uid %d) cannot enter %s: chmod o+x %s, or use a directory elsewhere (%w)", l.uid, at, at, err)
		}
		if at == filepath.Dir(at) {
			return err
		}
	}
}

// environ is the server's environment: nothing of ours is needed in it.
func (l layout) environ() []string {
	return []string{"LC_ALL=C.UTF-8", "PATH=/usr/bin:/bin", "HOME=" + l.data, "TZ=UTC"}
}

// initdb makes the cluster beside its place and moves it there when it is whole.
func (l layout) initdb(ctx context.Context) error {
	fresh := l.data + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	if err := l.own(fresh); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(l.bin, "initdb"), "-D", fresh, "-U", privateName, "-A", "peer",
		"--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums", "--no-instructions")
	cmd.Dir, cmd.Env = fresh, l.environ()
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: l.credential, Setpgid: true}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", l.explain(err), strings.TrimSpace(string(out)))
	}
	return os.Rename(fresh, l.data)
}

// writeAccess lets us, root and the server's user in, and nobody else.
func (l layout) writeAccess() error {
	names := []string{"root"}
	for _, uid := range []int{os.Geteuid(), l.uid} {
		if u, err := user.LookupId(strconv.Itoa(uid)); err == nil && !slices.Contains(names, u.Username) {
			names = append(names, u.Username)
		}
	}
	var ident strings.Builder
	for _, n := range names {
		fmt.Fprintf(&ident, "packroom %q %s\n", n, privateName)
	}
	return firstError(
		l.write("packroom_ident.conf", ident.String()),
		l.write("packroom_hba.conf", "local all "+privateName+" peer map=packroom\n"),
	)
}

func (l layout) write(name, text string) error {
	path := filepath.Join(l.data, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Chown(path, l.uid, l.gid)
}

// endOrphan ends a server that still runs in the data directory although its
// parent is gone (we hold the lock). When none is left, it removes the stale pid
// file: its number may be another process's by now, which would keep PostgreSQL
// from starting.
func (l layout) endOrphan(ctx context.Context, log *slog.Logger) error {
	path := filepath.Join(l.data, "postmaster.pid")
	for start := time.Now(); ; {
		alive, err := l.servers()
		if err != nil {
			return err
		}
		if len(alive) == 0 {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return nil
		}
		if time.Since(start) > orphanPatience {
			return fmt.Errorf("a PostgreSQL server runs in %s and does not end: stop process %d", l.data, alive[0])
		}
		b, _ := os.ReadFile(path) // it may have ended meanwhile
		first, _, _ := strings.Cut(string(b), "\n")
		if pid, err := strconv.Atoi(strings.TrimSpace(first)); err == nil && slices.Contains(alive, pid) {
			log.InfoContext(ctx, "waiting for the server of a process that is gone", "pid", pid)
			_ = syscall.Kill(pid, syscall.SIGINT) // the server: fast shutdown
		} else {
			for _, pid := range alive {
				_ = syscall.Kill(pid, syscall.SIGTERM) // sessions whose server was killed
			}
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

// servers are the living processes of PostgreSQL in the data directory. A
// process that has ended and was not waited for has no working directory.
func (l layout) servers() ([]int, error) {
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		return nil, err
	}
	var alive []int
	for _, link := range links {
		exe, _ := os.Readlink(filepath.Join(filepath.Dir(link), "exe"))
		if at, err := os.Readlink(link); err != nil || at != l.data || filepath.Base(exe) != "postgres" {
			continue // another's, or gone
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link))); err == nil {
			alive = append(alive, pid)
		}
	}
	return alive, nil
}

// ErrRunning says that a private cluster is run by another process.
var ErrRunning = errors.New("its database is run already")

// dirLock keeps a directory for one process; the kernel releases it with the
// process.
type dirLock struct {
	file *os.File
	once sync.Once
}

func lockDir(dir string) (*dirLock, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		b := make([]byte, 32)
		n, _ := f.ReadAt(b, 0)
		_ = f.Close()
		return nil, fmt.Errorf("%s: %w, by process %s", dir, ErrRunning, strings.TrimSpace(string(b[:n])))
	}
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0) // for the text above only
	}
	return &dirLock{file: f}, nil
}
