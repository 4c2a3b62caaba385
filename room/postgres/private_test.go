package postgres_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/packroom/packroom/room/postgres"
)

// childDir makes this test binary a program that runs a private cluster there
// until its standard input ends.
const childDir = "PACKROOM_TEST_PRIVATE_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(child(dir))
	}
	os.Exit(m.Run())
}

func child(dir string) int {
	p, err := postgres.StartPrivate(context.Background(), dir, nil, "fsync=off")
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	fmt.Println("started", p.PID(), p.URL())
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := p.Stop(context.Background()); err != nil {
		fmt.Println("error", err)
		return 1
	}
	fmt.Println("stopped", p.Wait())
	return 0
}

// openDir is a temporary directory that the server's user can walk to.
func openDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "packroom-private-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func startPrivate(t *testing.T, dir string) *postgres.Private {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	p, err := postgres.StartPrivate(ctx, dir, nil, "fsync=off")
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() { stopPrivate(t, p) })
	return p
}

func stopPrivate(t *testing.T, p *postgres.Private) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := p.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// count adds a row to a table and gives the number of its rows.
func count(t *testing.T, url string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	_, err = conn.Exec(t.Context(), `CREATE TABLE IF NOT EXISTS kept (x text); INSERT INTO kept VALUES ('row')`)
	if err == nil {
		err = conn.QueryRow(t.Context(), `SELECT count(*) FROM kept`).Scan(&n)
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// gone waits for the end of a process; one that nobody waited for counts as ended.
func gone(t *testing.T, pid int) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); ; <-tick.C {
		if _, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); errors.Is(err, os.ErrNotExist) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("process %d is still there", pid)
		}
	}
}

func TestAPrivateClusterKeepsItsDataHoweverItEnds(t *testing.T) {
	dir := filepath.Join(openDir(t), "var", "postgres")
	p := startPrivate(t, dir)
	if n := count(t, p.URL()); n != 1 {
		t.Fatalf("%d rows, want 1", n)
	}
	stopPrivate(t, p)
	if err := p.Wait(); err != nil {
		t.Errorf("wait after stop: %v", err)
	}

	p = startPrivate(t, dir)
	if n := count(t, p.URL()); n != 2 {
		t.Errorf("%d rows after a stop, want 2", n)
	}
	busy, err := pgx.Connect(t.Context(), p.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close(context.WithoutCancel(t.Context()))
	_ = syscall.Kill(p.PID(), syscall.SIGKILL)
	if err := p.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("wait after kill -9: %v, want it said", err)
	}

	p = startPrivate(t, dir) // a session of the killed server may live still
	if n := count(t, p.URL()); n != 3 {
		t.Errorf("%d rows after kill -9, want 3", n)
	}
	_ = syscall.Kill(-p.PID(), syscall.SIGKILL)
	if err := p.Wait(); err == nil {
		t.Error("wait after kill -9 of all: nil")
	}
	p = startPrivate(t, dir)
	if n := count(t, p.URL()); n != 4 {
		t.Errorf("%d rows after kill -9 of all, want 4", n)
	}
}

func TestAProcessThatIsStartedMeanwhileDoesNotKeepTheCluster(t *testing.T) {
	dir := openDir(t)
	p := startPrivate(t, dir)
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	copied := false
	for _, link := range links {
		if to, err := os.Readlink(link); err != nil || to != filepath.Join(dir, "lock") {
			continue
		}
		fd, err := strconv.Atoi(filepath.Base(link))
		if err != nil {
			t.Fatal(err)
		}
		// What a child has between its fork and its exec.
		child, err := syscall.Dup(fd)
		if err != nil {
			t.Fatal(err)
		}
		defer syscall.Close(child)
		copied = true
	}
	if !copied {
		t.Fatal("the cluster's lock is not to be found")
	}
	_ = syscall.Kill(p.PID(), syscall.SIGKILL)
	_ = p.Wait() // "killed"
	startPrivate(t, dir)
}

func TestASecondStartOfARunningClusterIsRefused(t *testing.T) {
	dir := openDir(t)
	p := startPrivate(t, dir)
	_, err := postgres.StartPrivate(t.Context(), dir, nil)
	if !errors.Is(err, postgres.ErrRunning) || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Errorf("second start: %v, want ErrRunning and by whom", err)
	}
	count(t, p.URL()) // it took no harm
}

// startChild runs this binary as a child that runs a cluster.
func startChild(t *testing.T, program, dir string, as *syscall.Credential) (cmd *exec.Cmd, stdin io.Closer, say func() []string) {
	t.Helper()
	cmd = exec.Command(program)
	cmd.Env = append(os.Environ(), childDir+"="+dir, "HOME="+dir, "XDG_RUNTIME_DIR=")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	return cmd, in, func() []string {
		t.Helper()
		if !lines.Scan() {
			t.Fatalf("the child says nothing: %v", lines.Err())
		}
		words := strings.Fields(lines.Text())
		if words[0] == "error" {
			for lines.Scan() {
				t.Log(lines.Text())
			}
			t.Fatalf("the child: %s", words)
		}
		return words
	}
}

func TestAPrivateClusterDiesWithItsParent(t *testing.T) {
	dir := openDir(t)
	cmd, _, say := startChild(t, os.Args[0], dir, nil)
	started := say()
	pid, err := strconv.Atoi(started[1])
	if err != nil {
		t.Fatal(err)
	}
	if n := count(t, started[2]); n != 1 {
		t.Fatalf("%d rows, want 1", n)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	p := startPrivate(t, dir) // at once: it waits for what is left
	gone(t, pid)
	if n := count(t, p.URL()); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
}

func TestAPlainUserRunsAPrivateCluster(t *testing.T) {
	dir := openDir(t)
	program, as := os.Args[0], (*syscall.Credential)(nil)
	if os.Geteuid() == 0 { // become somebody else; the test binary lies where only root goes
		nobody, err := user.Lookup("nobody")
		if err != nil {
			t.Fatal(err)
		}
		uid, _ := strconv.Atoi(nobody.Uid)
		gid, _ := strconv.Atoi(nobody.Gid)
		as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		b, err := os.ReadFile(os.Args[0])
		if err != nil {
			t.Fatal(err)
		}
		program = filepath.Join(dir, "program")
		if err := os.WriteFile(program, b, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	data := filepath.Join(dir, "postgres")
	cmd, stdin, say := startChild(t, program, data, as)
	started := say()
	_ = stdin.Close()
	if got := say(); got[0] != "stopped" || got[1] != "<nil>" {
		t.Errorf("the child says %v", got)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the child: %v", err)
	}
	pid, _ := strconv.Atoi(started[1])
	gone(t, pid)
	info, err := os.Stat(filepath.Join(data, "data"))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the data directory: %v, %v; want mode 0700", info.Mode(), err)
	}
	// Root takes it over later, as the user whose it is.
	if n := count(t, startPrivate(t, data).URL()); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}

func TestADirectoryWithALongPathGetsAShortSocket(t *testing.T) {
	dir := filepath.Join(openDir(t), strings.Repeat("long/", 25))
	p := startPrivate(t, dir)
	if n := count(t, p.URL()); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
	u, err := pgx.ParseConfig(p.URL())
	if err != nil || strings.Contains(u.Host, "long") {
		t.Fatalf("the socket lies in %s (%v)", u.Host, err)
	}
	stopPrivate(t, p)
	if _, err := os.Stat(u.Host); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket's directory is left: %v", err)
	}
}

func TestAStartThatWasCutShortIsMadeGood(t *testing.T) {
	dir := openDir(t)
	half := filepath.Join(dir, "data.new")
	if err := os.Mkdir(half, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(half, "PG_VERSION"), []byte("15\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startPrivate(t, dir)
	stopPrivate(t, p)
	// The pid file of a killed server, whose number is another process's now.
	pidFile := filepath.Join(dir, "data", "postmaster.pid")
	if err := os.WriteFile(pidFile, fmt.Appendf(nil, "%d\n%s\n", os.Getpid(), filepath.Join(dir, "data")), 0o600); err != nil {
		t.Fatal(err)
	}
	count(t, startPrivate(t, dir).URL())
}

func TestAStartThatCannotSucceedSaysWhatToDo(t *testing.T) {
	t.Run("no programs of its version", func(t *testing.T) {
		dir := openDir(t)
		if err := os.Mkdir(filepath.Join(dir, "data"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("99\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := postgres.StartPrivate(t.Context(), dir, nil)
		if err == nil || !strings.Contains(err.Error(), "apt-get install postgresql-99") {
			t.Errorf("start: %v", err)
		}
	})
	t.Run("a parent that the server's user cannot enter", func(t *testing.T) {
		closed := openDir(t)
		if err := os.Chmod(closed, 0o700); err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(closed, "var")
		p, err := postgres.StartPrivate(t.Context(), dir, nil)
		if os.Geteuid() != 0 { // the server is we: nothing is closed
			if err != nil {
				t.Fatal(err)
			}
			stopPrivate(t, p)
			return
		}
		if err == nil || !strings.Contains(err.Error(), "chmod o+x "+closed) {
			t.Errorf("start: %v", err)
		}
	})
	t.Run("a setting that there is not", func(t *testing.T) {
		dir := openDir(t)
		_, err := postgres.StartPrivate(t.Context(), dir, nil, "no_such_setting=1")
		if err == nil || !strings.Contains(err.Error(), "no_such_setting") {
			t.Errorf("start: %v", err)
		}
		startPrivate(t, dir) // the directory is free again
	})
	t.Run("no time", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		dir := openDir(t)
		if _, err := postgres.StartPrivate(ctx, dir, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("start: %v, want Canceled", err)
		}
		startPrivate(t, dir)
	})
}
