package room

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// Pictures keeps JPEG and PNG pictures by reference. Safe for concurrent use;
// Put of the same bytes gives the same reference.
type Pictures interface {
	Put(ctx context.Context, picture []byte) (ref string, err error)
	Get(ctx context.Context, ref string) ([]byte, error) // ErrNotFound
}

// PictureDir is Pictures in a directory: REF[0:2]/REF.jpg, where REF is the
// SHA-256 of the bytes in hexadecimal.
type PictureDir string

var _ Pictures = PictureDir("")

var pictureRef = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (d PictureDir) path(ref string) string {
	return filepath.Join(string(d), ref[:2], ref+".jpg")
}

// Put writes a picture to disk and returns when it is safe there.
func (d PictureDir) Put(_ context.Context, picture []byte) (string, error) {
	if len(picture) == 0 {
		return "", errors.New("keep picture: it is empty")
	}
	sum := sha256.Sum256(picture)
	ref := hex.EncodeToString(sum[:])
	path := d.path(ref)
	if _, err := os.Stat(path); err == nil {
		now := time.Now()
		_ = os.Chtimes(path, now, now) // seen again: retention counts from now
		return ref, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return "", fmt.Errorf("keep picture: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return "", fmt.Errorf("keep picture: %w", err)
	}
	defer os.Remove(f.Name()) // gone after the rename
	_, err = f.Write(picture)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return "", fmt.Errorf("keep picture: %w", err)
	}
	return ref, nil
}

// Get reads a picture.
func (d PictureDir) Get(_ context.Context, ref string) ([]byte, error) {
	if !pictureRef.MatchString(ref) {
		return nil, fmt.Errorf("picture %q: %w", ref, ErrNotFound)
	}
	b, err := os.ReadFile(d.path(ref))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("picture %s: %w", ref, ErrNotFound)
	}
	return b, err
}

// Sweep removes the pictures that were last put before a time and reports how
// many. A picture that cannot be removed is an error after the rest is done.
func (d PictureDir) Sweep(ctx context.Context, before time.Time) (removed int, err error) {
	var failed error
	err = filepath.WalkDir(string(d), func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || e.IsDir() {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		info, err := e.Info()
		if err != nil || !info.ModTime().Before(before) {
			return nil // gone meanwhile, or kept
		}
		if err := os.Remove(path); err != nil {
			failed = err
			return nil
		}
		removed++
		return nil
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return removed, fmt.Errorf("remove old pictures: %w", err)
	}
	return removed, nil
}

// PictureDirs is Pictures in several directories: new ones go into the first,
// all are looked through. Each directory can have a retention of its own.
type PictureDirs []PictureDir

var _ Pictures = PictureDirs(nil)

// Put keeps a picture in the first directory.
func (d PictureDirs) Put(ctx context.Context, picture []byte) (string, error) {
	return d[0].Put(ctx, picture)
}

// Get reads a picture from the first directory that has it.
func (d PictureDirs) Get(ctx context.Context, ref string) (b []byte, err error) {
	for _, dir := range d {
		if b, err = dir.Get(ctx, ref); !errors.Is(err, ErrNotFound) {
			return b, err
		}
	}
	return nil, err
}
