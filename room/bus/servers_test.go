package bus_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/bus"
)

// TestShippedServerSettingsSuit runs a server with deploy/servers/nats.conf, as
// its compose file does, and uses all that the bus needs of it.
func TestShippedServerSettingsSuit(t *testing.T) {
	t.Setenv("PACKROOM_NATS_DIR", t.TempDir())
	t.Setenv("PACKROOM_NATS_PASSWORD", "open-sesame")
	o, err := server.ProcessConfigFile("../../deploy/servers/nats.conf")
	if err != nil {
		t.Fatal(err)
	}
	if !o.SyncAlways || !o.JetStream {
		t.Errorf("SyncAlways = %t, JetStream = %t; want both", o.SyncAlways, o.JetStream)
	}
	o.Host, o.Port, o.NoSigs, o.NoLog = "127.0.0.1", server.RANDOM_PORT, true, true
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	defer func() { s.Shutdown(); s.WaitForShutdown() }()
	if !s.ReadyForConnections(patience) {
		t.Fatal("the server does not start")
	}
	addr := s.Addr().String()
	b := connect(t, "nats://packroom:open-sesame@"+addr, "vision")
	if err := b.PublishPresence(t.Context(), room.Presence{Camera: "cam1", At: time.Now()}); err != nil {
		t.Error(err)
	}
	lease(t, b, "cam1").Release()
	stranger, err := bus.Connect(t.Context(), bus.Config{URL: "nats://" + addr, Name: "x", Property: "demo", Room: "main"})
	if err == nil {
		err = stranger.Healthy(t.Context())
		stranger.Close()
	}
	if err == nil {
		t.Error("the server lets a stranger in")
	}
}
