package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/packroom/packroom/room"
)

var start = time.Date(2026, 11, 22, 17, 0, 0, 0, time.UTC)

// fakeRoom answers with what a test put in and remembers the commands.
type fakeRoom struct {
	mu    sync.Mutex
	kiosk room.KioskView
	now   room.RoomView
	reply room.Reply
	err   error
	done  []room.Command
	by    []string
}

func (f *fakeRoom) Do(_ context.Context, by string, cmd room.Command) (room.Reply, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done, f.by = append(f.done, cmd), append(f.by, by)
	return f.reply, f.err
}

func (f *fakeRoom) Kiosk(_ context.Context, kiosk string) (room.KioskView, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v := f.kiosk
	v.Kiosk = kiosk
	return v, f.err
}

func (f *fakeRoom) Now(context.Context) (room.RoomView, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now, f.err
}

func (f *fakeRoom) set(v room.KioskView) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kiosk = v
}

func (f *fakeRoom) commands() []room.Command {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]room.Command(nil), f.done...)
}

// fakeStore keeps accounts for real and gives the rest as a test put it in.
type fakeStore struct {
	mu        sync.Mutex
	managers  []room.Manager
	sessions  map[string]string // hash -> manager
	expires   map[string]time.Time
	throttles map[string]room.Throttle

	events     []room.Event
	parcels    []room.Parcel
	residents  []room.Resident
	deliveries []room.Delivery
	tallies    []room.CourierTally
	filter     any // the newest
	err        error
}

func newFakeStore() *fakeStore {
	return &fakeStore{sessions: map[string]string{}, expires: map[string]time.Time{}, throttles: map[string]room.Throttle{}}
}

func (f *fakeStore) Events(_ context.Context, q room.EventFilter) ([]room.Event, error) {
	f.filter = q
	return f.events, f.err
}

func (f *fakeStore) Parcels(_ context.Context, q room.ParcelFilter) ([]room.Parcel, error) {
	f.filter = q
	var out []room.Parcel
	for _, p := range f.parcels {
		if q.Resident != "" && p.Resident != q.Resident {
			continue
		}
		for _, s := range q.States {
			if s == p.State {
				out = append(out, p)
			}
		}
	}
	return out, f.err
}

func (f *fakeStore) Parcel(_ context.Context, id string) (room.Parcel, error) {
	for _, p := range f.parcels {
		if p.ID == id {
			return p, nil
		}
	}
	return room.Parcel{}, room.ErrNotFound
}

func (f *fakeStore) Visits(context.Context, room.VisitFilter) ([]room.Visit, error) {
	return nil, f.err
}
func (f *fakeStore) Incidents(context.Context, int) ([]room.Incident, error) { return nil, f.err }
func (f *fakeStore) Deliveries(context.Context, int) ([]room.Delivery, error) {
	return f.deliveries, f.err
}
func (f *fakeStore) Tallies(_ context.Context, from, to time.Time) ([]room.CourierTally, error) {
	f.filter = [2]time.Time{from, to}
	return f.tallies, f.err
}
func (f *fakeStore) Couriers(context.Context) ([]room.Courier, error) { return nil, f.err }

func (f *fakeStore) Credentials(context.Context, string) ([]room.Credential, error) {
	return []room.Credential{{ID: "c1", Hash: []byte("a keyed hash")}}, f.err
}

func (f *fakeStore) Resident(_ context.Context, id string) (room.Resident, error) {
	for _, r := range f.residents {
		if r.ID == id {
			return r, f.err
		}
	}
	return room.Resident{}, room.ErrNotFound
}

func (f *fakeStore) Residents(_ context.Context, q room.ResidentFilter) ([]room.Resident, error) {
	f.filter = q
	return f.residents, f.err
}

func (f *fakeStore) CreateManager(_ context.Context, m room.Manager) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.managers = append(f.managers, m)
	return nil
}

func (f *fakeStore) SetRole(_ context.Context, id string, role room.Role) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.managers {
		if f.managers[i].ID == id {
			f.managers[i].Role = role
			return nil
		}
	}
	return room.ErrNotFound
}

func (f *fakeStore) EventClips(_ context.Context, event string) ([]room.Clip, error) {
	f.filter = event
	return nil, f.err
}

func (f *fakeStore) Managers(context.Context) ([]room.Manager, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]room.Manager(nil), f.managers...), f.err
}

func (f *fakeStore) ManagerByEmail(_ context.Context, email string) (room.Manager, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.managers {
		if m.Email == email {
			return m, nil
		}
	}
	return room.Manager{}, room.ErrNotFound
}

func (f *fakeStore) CreateSession(_ context.Context, hash []byte, manager string, expires time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sessions[string(hash)], f.expires[string(hash)] = manager, expires
	return nil
}

func (f *fakeStore) SessionManager(_ context.Context, hash []byte, now time.Time) (room.Manager, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.managers {
		if f.sessions[string(hash)] == m.ID && now.Before(f.expires[string(hash)]) {
			return m, nil
		}
	}
	return room.Manager{}, room.ErrNotFound
}

func (f *fakeStore) DeleteSession(_ context.Context, hash []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.sessions, string(hash))
	return nil
}

func (f *fakeStore) Throttle(_ context.Context, key string) (room.Throttle, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.throttles[key], nil
}

func (f *fakeStore) SaveThrottle(_ context.Context, key string, t room.Throttle) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.throttles[key] = t
	return nil
}

// fakePictures keeps pictures in memory.
type fakePictures struct {
	mu  sync.Mutex
	all map[string][]byte
}

func (f *fakePictures) Put(_ context.Context, b []byte) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	sum := sha256.Sum256(b)
	ref := hex.EncodeToString(sum[:])
	f.all[ref] = b
	return ref, nil
}

func (f *fakePictures) Get(_ context.Context, ref string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if b, ok := f.all[ref]; ok {
		return b, nil
	}
	return nil, room.ErrNotFound
}

// house is a server with fakes around it.
type house struct {
	t        *testing.T
	server   *Server
	room     *fakeRoom
	store    *fakeStore
	pictures *fakePictures
	events   chan room.Event
	read     func(context.Context, room.ReadRequest) (room.Reading, error)
	now      time.Time
	log      *bytes.Buffer
	remote   string
	host     string
	cookies  []*http.Cookie
}

func open(t *testing.T, change ...func(*Config)) *house {
	t.Helper()
	h := &house{t: t, room: &fakeRoom{}, store: newFakeStore(), pictures: &fakePictures{all: map[string][]byte{}},
		events: make(chan room.Event), now: start, log: &bytes.Buffer{}, remote: "127.0.0.1:5000", host: "localhost:7070"}
	h.read = func(context.Context, room.ReadRequest) (room.Reading, error) { return room.Reading{}, nil }
	cfg := Config{
		Room: h.room, Store: h.store, Pictures: h.pictures, LinkKey: []byte("0123456789abcdef0123456789abcdef"),
		Property:      room.Property{ID: "demo", Name: "The Alder", Timezone: "America/Los_Angeles"},
		ReadLabel:     func(ctx context.Context, r room.ReadRequest) (room.Reading, error) { return h.read(ctx, r) },
		TrustLoopback: true, Now: func() time.Time { return h.now },
		Log:   slog.New(slog.NewTextHandler(h.log, nil)),
		Pages: fstest.MapFS{"kiosk.html": {Data: []byte("<!doctype html>kiosk")}, "assets/kiosk-1a2b.js": {Data: []byte("1")}},
		Watch: func(ctx context.Context, fn func(room.Event)) error {
			for {
				select {
				case <-ctx.Done():
					return nil
				case e := <-h.events:
					fn(e)
				}
			}
		},
	}
	for _, f := range change {
		f(&cfg)
	}
	var err error
	if h.server, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) request(method, path string, body any) *http.Request {
	var r io.Reader
	kind := ""
	switch b := body.(type) {
	case nil:
	case []byte:
		r, kind = bytes.NewReader(b), "image/jpeg"
	case io.Reader:
		r = b
	default:
		j, err := json.Marshal(b)
		if err != nil {
			h.t.Fatal(err)
		}
		r, kind = bytes.NewReader(j), "application/json"
	}
	req := httptest.NewRequest(method, path, r)
	req.RemoteAddr, req.Host = h.remote, h.host
	req.Header.Set("X-Packroom", "1")
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for _, c := range h.cookies {
		req.AddCookie(c)
	}
	return req
}

func (h *house) do(req *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.server.ServeHTTP(w, req)
	return w
}

func (h *house) ask(method, path string, body any) *httptest.ResponseRecorder {
	return h.do(h.request(method, path, body))
}

// want checks a status and, where given, the answer's kind.
func (h *house) want(w *httptest.ResponseRecorder, status int, kind string) failure {
	h.t.Helper()
	var f failure
	_ = json.Unmarshal(w.Body.Bytes(), &f)
	if w.Code != status || kind != "" && f.Kind != kind {
		h.t.Fatalf("answer is %d %s, want %d %s: %s", w.Code, f.Kind, status, kind, w.Body)
	}
	return f
}

func decode[T any](t *testing.T, w *httptest.ResponseRecorder) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return v
}

const goodPassword = "four walls and a shelf"

// signIn gives Ann an account, with a hash that is quick to check, and signs her in.
func (h *house) signIn() {
	h.t.Helper()
	salt := make([]byte, argonSalt)
	key := argon2.IDKey([]byte(goodPassword), salt, 1, 64, 1, argonKey)
	b64 := base64.RawStdEncoding.EncodeToString
	h.store.managers = append(h.store.managers, room.Manager{ID: "m1", Email: "ann@example.com", Name: "Ann",
		PasswordHash: "$argon2id$v=19$m=64,t=1,p=1$" + b64(salt) + "$" + b64(key)})
	w := h.ask("POST", "/api/manager/sign-in", map[string]string{"email": "Ann@Example.com", "password": goodPassword})
	h.want(w, http.StatusOK, "")
	h.cookies = w.Result().Cookies()
}

// delivery is a kiosk with a courier's open visit.
func delivery(parcels ...room.Parcel) room.KioskView {
	return room.KioskView{Visit: &room.Visit{ID: "v1", Kind: room.VisitCourier, Holder: "c1", Credential: "cred1"}, Parcels: parcels}
}

func photo(t *testing.T) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 320, 200))
	for i := range img.Pix {
		img.Pix[i] = color.Gray{Y: uint8(i * 7)}.Y
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
