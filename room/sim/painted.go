package sim

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// paintVersion changes with the way light and pictures are computed: what was
// painted by another is painted anew.
const paintVersion = 1

// scenes gives the empty room as each camera sees it, with the light on
// everything. Painting takes seconds, so it is kept in dir for the next start;
// an empty dir keeps nothing. What can't be read is painted.
func (l *layout) scenes(dir string) ([]*scene, error) {
	if dir == "" {
		l.bake()
		return l.paintScenes(), nil
	}
	path := filepath.Join(dir, "painted-"+l.key()+".bin")
	if out, err := l.readPainted(path); err == nil {
		return out, nil
	}
	l.bake()
	out := l.paintScenes()
	return out, l.writePainted(path, out)
}

func (l *layout) paintScenes() []*scene {
	var out []*scene
	for i := range l.cameras {
		out = append(out, newScene(l, i))
	}
	return out
}

// key names all that the empty room's look follows from.
func (l *layout) key() string {
	h := sha256.New()
	fmt.Fprintln(h, paintVersion, l.style, l.lamps, l.cameras)
	for _, b := range l.boxes {
		fmt.Fprintln(h, b.center, b.half, b.cos, b.sin, b.surface)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// paintedEnd closes a file: one that was cut short is not taken.
const paintedEnd uint64 = 0x7061696e746564

// painted reads or writes the parts of a painted room in one order.
type painted struct {
	data func(any) error // a pointer to a number, or a slice
	err  error
}

func (p *painted) do(v any) {
	if p.err == nil {
		p.err = p.data(v)
	}
}

// maps goes through the light on every face.
func (p *painted) maps(l *layout) {
	for _, b := range l.boxes {
		for f := range b.lit {
			m := b.lit[f]
			size := [4]float64{}
			var flat []float64
			if m != nil {
				size = [4]float64{float64(m.nu), float64(m.nv), m.w, m.h}
				for _, c := range m.v {
					flat = append(flat, c.r, c.g, c.b)
				}
			}
			p.do(&size)
			n := int(size[0]) * int(size[1])
			if p.err != nil || n == 0 {
				continue
			}
			if n < 0 || n > 1<<20 {
				p.err = errors.New("a light map of no size")
				return
			}
			if flat == nil {
				flat = make([]float64, 3*n)
			}
			p.do(flat)
			if m == nil {
				m = &lightmap{nu: int(size[0]), nv: int(size[1]), w: size[2], h: size[3], v: make([]rgb, n)}
				for i := range m.v {
					m.v[i] = rgb{flat[3*i], flat[3*i+1], flat[3*i+2]}
				}
				b.lit[f] = m
			}
		}
	}
}

func (p *painted) end() {
	mark := paintedEnd
	p.do(&mark)
	if p.err == nil && mark != paintedEnd {
		p.err = errors.New("the file's end is missing")
	}
}

func (l *layout) readPainted(path string) ([]*scene, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<20)
	p := &painted{data: func(v any) error { return binary.Read(r, binary.LittleEndian, v) }}
	p.maps(l)
	var out []*scene
	for i := range l.cameras {
		s := blankScene(l, i)
		for _, v := range []any{s.y, s.u, s.v, s.depth} {
			p.do(v)
		}
		out = append(out, s)
	}
	p.end()
	if p.err != nil {
		for _, b := range l.boxes {
			b.lit = [6]*lightmap{}
		}
		return nil, p.err
	}
	for i, s := range out {
		s.light(i)
	}
	return out, nil
}

func (l *layout) writePainted(path string, scenes []*scene) error {
	old, err := filepath.Glob(filepath.Join(filepath.Dir(path), "painted-*.bin"))
	if err != nil {
		return fmt.Errorf("keep the painted room: %w", err)
	}
	tmp := path + ".new"
	f, err := os.Create(tmp)
	if err != nil {
		return fmt.Errorf("keep the painted room: %w", err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	p := &painted{data: func(v any) error { return binary.Write(io.Writer(w), binary.LittleEndian, v) }}
	p.maps(l)
	for _, s := range scenes {
		for _, v := range []any{s.y, s.u, s.v, s.depth} {
			p.do(v)
		}
	}
	p.end()
	if err := errors.Join(p.err, w.Flush(), f.Close()); err != nil {
		return fmt.Errorf("keep the painted room: %w", errors.Join(err, os.Remove(tmp)))
	}
	for _, o := range old { // of another seed or size: one room is kept
		if err := os.Remove(o); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("keep the painted room: %w", err)
		}
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("keep the painted room: %w", err)
	}
	return nil
}
