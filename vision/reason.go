package vision

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
)

var (
	errNoPictures     = errors.New("no pictures for 5 s")
	errNoFirstPicture = errors.New("the camera is reached, but no picture came in 10 s")
	errNoKeyframe     = errors.New("pictures come, but no keyframe in 20 s: set the camera's keyframe interval (GOP) to 1 or 2 s")
	errBFrames        = errors.New("the camera sends B-frames, which a live view cannot show: turn them off in the camera (profile Baseline), set a substream that has none, or set transcode")
	errEnded          = errors.New("the camera ended the stream")
)

// formatError says what a camera sends in place of H264.
type formatError struct{ found []string }

func (e formatError) Error() string {
	if len(e.found) == 0 {
		return "the camera offers no video"
	}
	return fmt.Sprintf("no H264 stream: the camera sends %s; set it to H264, set a substream that is H264, or set transcode",
		strings.Join(e.found, ", "))
}

// reasonOf says in words for people why a camera is down.
func reasonOf(err error) string {
	var status liberrors.ErrClientBadStatusCode
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &status):
		return statusReason(status)
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused: nothing answers at the camera's address and port"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "the camera's network cannot be reached"
	case errors.As(err, &dns):
		return "no device is known by the camera's host name"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the camera closed the connection"
	case isA[liberrors.ErrClientTCPTimeout](err), isA[liberrors.ErrClientRequestTimedOut](err),
		errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		return "the camera does not answer"
	}
	return err.Error()
}

func statusReason(e liberrors.ErrClientBadStatusCode) string {
	switch e.Code {
	case base.StatusUnauthorized, base.StatusForbidden:
		return "wrong user or password, or this user may not see the stream"
	case base.StatusNotFound:
		return "the camera has no stream by that path"
	case base.StatusServiceUnavailable, base.StatusNotEnoughBandwidth:
		return "the camera is busy: too many viewers"
	}
	return fmt.Sprintf("the camera refused: %d %s", e.Code, e.Message)
}

func isA[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}
