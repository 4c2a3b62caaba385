package vision

import (
	"bytes"
	"fmt"
	"os"
)

// PeakMemoryKB is the most memory, in KiB, that a running process has held since
// it was started; 0 where the system does not tell. (What getrusage tells begins
// with what its parent held.)
func PeakMemoryKB(pid int) (peak int64) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, after, _ := bytes.Cut(b, []byte("VmHWM:"))
	if _, err := fmt.Fscan(bytes.NewReader(after), &peak); err != nil {
		return 0
	}
	return peak
}
