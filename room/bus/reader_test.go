package bus_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/bus/bustest"
)

func TestReadLabel(t *testing.T) {
	t.Parallel()
	url := bustest.Start(t)
	web := connect(t, url, "web")
	ask := func(ref string) (room.Reading, error) {
		return web.ReadLabel(t.Context(), room.ReadRequest{Property: "demo", Picture: ref})
	}
	if _, err := ask("x"); !errors.Is(err, room.ErrUnavailable) {
		t.Fatalf("with no reader: %v, want ErrUnavailable", err)
	}
	var served [2]atomic.Int64
	var stops []func()
	for i := range served {
		b := connect(t, url, fmt.Sprint("ocr", i))
		stops = append(stops, start(t, func(ctx context.Context) error {
			return b.ServeReader(ctx, func(ctx context.Context, r room.ReadRequest) (room.Reading, error) {
				served[i].Add(1)
				switch r.Picture {
				case "missing":
					return room.Reading{}, fmt.Errorf("picture %s: %w", r.Picture, room.ErrNotFound)
				case "broken":
					return room.Reading{}, errors.New("a bug")
				case "slow":
					<-ctx.Done()
					return room.Reading{}, ctx.Err()
				}
				return room.Reading{Picture: r.Picture, Carrier: "UPS", Decision: room.DecisionConfirm}, nil
			})
		}))
	}
	eventually(t, "a reader answers", func() bool { _, err := ask("x"); return err == nil })
	eventually(t, "both readers work", func() bool {
		got, err := ask("x")
		if err != nil || got.Carrier != "UPS" || got.Picture != "x" {
			t.Fatalf("reading = %+v, %v", got, err)
		}
		return served[0].Load() > 0 && served[1].Load() > 0
	})
	if _, err := ask("missing"); !errors.Is(err, room.ErrNotFound) {
		t.Errorf("missing picture: %v, want ErrNotFound", err)
	}
	if _, err := ask("broken"); err == nil || errors.Is(err, room.ErrUnavailable) || errors.Is(err, room.ErrNotFound) {
		t.Errorf("broken reader: %v, want an error of no kind", err)
	}
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := web.ReadLabel(short, room.ReadRequest{Picture: "slow"}); !errors.Is(err, room.ErrUnavailable) {
		t.Errorf("slow reader: %v, want ErrUnavailable", err)
	}
	for _, stop := range stops {
		stop()
	}
	eventually(t, "nobody answers", func() bool { _, err := ask("x"); return errors.Is(err, room.ErrUnavailable) })
}

func TestReadLabelWithoutABusFailsAtOnce(t *testing.T) {
	t.Parallel()
	s := bustest.New(t)
	s.Stop()
	b := connect(t, s.URL(), "web")
	began := time.Now()
	if _, err := b.ReadLabel(t.Context(), room.ReadRequest{}); !errors.Is(err, room.ErrUnavailable) {
		t.Errorf("error = %v, want ErrUnavailable", err)
	}
	if d := time.Since(began); d > time.Second {
		t.Errorf("took %s", d)
	}
}
