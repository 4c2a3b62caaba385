package vision

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// encodeArgs make H264 that live view, clips and detection can use as it is.
var encodeArgs = []string{"-an", "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency",
	"-pix_fmt", "yuv420p", "-bf", "0", "-g", "30", "-force_key_frames", "expr:gte(t,n_forced*2)"}

// transcodeSource pulls an RTSP camera through ffmpeg.
func transcodeSource(address string) source {
	return func(ctx context.Context, out func([][]byte, time.Duration)) error {
		in := []string{"-rtsp_transport", "tcp", "-timeout", "5000000", "-i", address}
		return redactError(runFFmpegSource(ctx, append(in, encodeArgs...), out), address)
	}
}

// fileSource plays a video file in a loop, at its own speed.
func fileSource(path string) source {
	return func(ctx context.Context, out func([][]byte, time.Duration)) error {
		in := []string{"-re", "-stream_loop", "-1", "-i", path}
		codec := []string{"-an", "-c:v", "copy"}
		if !isPlainH264(ctx, path) {
			codec = encodeArgs
		}
		return runFFmpegSource(ctx, append(in, codec...), out)
	}
}

// usbSource takes a camera of this machine's own.
func usbSource(device string) source {
	return func(ctx context.Context, out func([][]byte, time.Duration)) error {
		in := []string{"-f", "v4l2", "-i", device}
		return runFFmpegSource(ctx, append(in, encodeArgs...), out)
	}
}

// isPlainH264 reports whether a file holds H264 without B-frames.
func isPlainH264(ctx context.Context, path string) bool {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	b, err := exec.CommandContext(ctx, "ffprobe", "-v", "error", "-select_streams", "v:0",
		"-show_entries", "stream=codec_name,has_b_frames", "-of", "csv=p=0", path).Output()
	return err == nil && strings.TrimSpace(string(b)) == "h264,0"
}

// runFFmpegSource runs ffmpeg until ctx ends; its output is read as units.
func runFFmpegSource(ctx context.Context, args []string, out func([][]byte, time.Duration)) error {
	all := append([]string{"-hide_banner", "-loglevel", "error", "-nostdin"}, args...)
	cmd := exec.CommandContext(ctx, "ffmpeg", append(all, "-f", "flv", "-flush_packets", "1", "pipe:1")...)
	cmd.WaitDelay = time.Second
	var said tail
	cmd.Stderr = &said
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start ffmpeg: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start ffmpeg: %w", err)
	}
	err = readFLV(pipe, out)
	if err != nil && ctx.Err() == nil {
		_ = cmd.Process.Kill() // it may be in the middle of a stream that we can't read
	}
	_ = cmd.Wait() // what it says is the better reason
	if last := said.last(); last != "" {
		return errors.New(last)
	}
	return err
}

func redactError(err error, address string) error {
	if err == nil {
		return nil
	}
	if clean := redact(err.Error(), address); clean != err.Error() {
		return errors.New(clean)
	}
	return err
}

// tail keeps the end of what a child says.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if len(t.buf) > 4096 {
		t.buf = append(t.buf[:0], t.buf[len(t.buf)-2048:]...)
	}
	return len(p), nil
}

// last is the last line.
func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := bytes.Split(bytes.TrimSpace(t.buf), []byte("\n"))
	return string(lines[len(lines)-1])
}
