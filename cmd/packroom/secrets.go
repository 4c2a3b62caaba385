package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Secrets are the keys of one box. They are made at the first start, lie in
// secrets/ of the data directory (mode 0600) and are never logged. Losing them
// ends every PIN, link and unsent message; they belong into the backup.
type Secrets struct {
	Pepper   []byte // keys the hashes of PINs, QR codes and cards
	BoxToken string // what services of one box show each other
	LinkKey  []byte // signs the links of resident pages
	SealKey  []byte // seals PINs in messages that wait to be sent
}

const secretBytes = 32

// Secrets reads the box's secrets and makes those that are missing. Processes
// that start together agree on them.
func (c Config) Secrets() (Secrets, error) {
	dir := c.Path("secrets")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Secrets{}, fmt.Errorf("secrets: %w", err)
	}
	var s Secrets
	var token []byte
	for name, into := range map[string]*[]byte{
		"pepper": &s.Pepper, "box-token": &token, "link-key": &s.LinkKey, "seal-key": &s.SealKey,
	} {
		b, err := secret(filepath.Join(dir, name))
		if err != nil {
			return Secrets{}, fmt.Errorf("secret %s: %w", name, err)
		}
		*into = b
	}
	s.BoxToken = hex.EncodeToString(token)
	return s, nil
}

func secret(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeSecret(path); err != nil {
			return nil, err
		}
		b, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(b)))
	if err != nil || len(key) != secretBytes {
		return nil, fmt.Errorf("%s does not hold %d bytes in hexadecimal", path, secretBytes)
	}
	return key, nil
}

// makeSecret writes a new secret whole or not at all; one made meanwhile by
// another process stays.
func makeSecret(path string) error {
	key := make([]byte, secretBytes)
	_, _ = rand.Read(key)                                 // never fails since Go 1.24
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(hex.EncodeToString(key) + "\n")
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Link(f.Name(), path)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// SecretFile reads a secret that the settings name by file: a password or a
// token. An empty name is an empty secret.
func (c Config) SecretFile(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	b, err := os.ReadFile(c.Path(name))
	if err != nil {
		return "", fmt.Errorf("secret: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}
