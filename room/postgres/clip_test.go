package postgres_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/postgres/postgrestest"
)

func TestClipsAreFoundByEventAndBySpan(t *testing.T) {
	s := postgrestest.New(t)
	clip := func(id, camera string, minute int, events ...string) room.Clip {
		from := noon.Add(time.Duration(minute) * time.Minute)
		return room.Clip{ID: id, Camera: camera, Events: events, From: from, To: from.Add(15 * time.Second),
			SHA256: strings.Repeat("ab", 32), Bytes: 7, Until: from.Add(time.Hour)}
	}
	first, other, empty := clip("k1", "cam1", 0, "e1"), clip("k2", "cam2", 0, "e1"), clip("k3", "cam1", 5, "e9")
	empty.SHA256, empty.Gaps = "", []room.Gap{{From: empty.From, To: empty.To}}
	commit(t, s, room.Commit{Clips: []room.Clip{other, first, empty}})
	first.Events = append(first.Events, "e2") // it was extended
	commit(t, s, room.Commit{Clips: []room.Clip{first}})
	if got, err := s.EventClips(t.Context(), "e1"); err != nil || cmp.Diff([]room.Clip{first, other}, got) != "" {
		t.Errorf("clips of e1: %+v, %v", got, err)
	}
	if got, err := s.EventClips(t.Context(), "e2"); err != nil || len(got) != 1 || got[0].ID != "k1" {
		t.Errorf("clips of e2: %+v, %v", got, err)
	}
	if got, err := s.EventClips(t.Context(), "e"); err != nil || len(got) != 0 {
		t.Errorf("clips of a part of an ID: %+v, %v", got, err)
	}
	got, err := s.Clips(t.Context(), room.ClipFilter{Camera: "cam1", From: noon.Add(time.Minute), To: noon.Add(time.Hour)})
	if err != nil || cmp.Diff([]room.Clip{empty}, got) != "" {
		t.Errorf("clips of an hour: %+v, %v", got, err)
	}
	bad := first
	bad.ID, bad.SHA256 = "k4", "no checksum"
	if _, err := s.Commit(t.Context(), room.Commit{Clips: []room.Clip{bad}}); !errors.Is(err, room.ErrInvalid) {
		t.Errorf("a checksum that is none: %v", err)
	}
}

func TestTheLastSupervisorStaysOne(t *testing.T) {
	s := postgrestest.New(t)
	for _, m := range []room.Manager{{ID: "m1", Email: "a@example.com", Role: room.RoleSupervisor}, {ID: "m2", Email: "b@example.com"}} {
		m.Name, m.PasswordHash, m.Created = "x", "$argon2id$v=19$m=1,t=1,p=1$AA$AA", noon
		if err := s.CreateManager(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	set := func(id string, r room.Role) error { return s.SetRole(t.Context(), id, r) }
	if err := set("m1", room.RoleManager); !errors.Is(err, room.ErrConflict) {
		t.Errorf("the last supervisor: %v, want ErrConflict", err)
	}
	if err := errors.Join(set("m2", room.RoleSupervisor), set("m1", room.RoleManager)); err != nil {
		t.Error(err)
	}
	if err := set("m9", room.RoleSupervisor); !errors.Is(err, room.ErrNotFound) {
		t.Errorf("nobody: %v, want ErrNotFound", err)
	}
	if err := set("m1", "king"); !errors.Is(err, room.ErrInvalid) {
		t.Errorf("an unknown role: %v, want ErrInvalid", err)
	}
	all, err := s.Managers(t.Context())
	if err != nil || len(all) != 2 || all[0].Role.Supervises() || !all[1].Role.Supervises() {
		t.Errorf("managers %+v, %v", all, err)
	}
}
