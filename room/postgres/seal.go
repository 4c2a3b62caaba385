package postgres

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/packroom/packroom/room"
)

var errNoSealKey = errors.New("no seal key: this process was started without it")

// newSealer is AES-GCM with random nonces; nil for no key.
func newSealer(key []byte) (cipher.AEAD, error) {
	if len(key) == 0 {
		return nil, nil
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("seal key: want 16, 24 or 32 bytes, got %d", len(key))
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seal encrypts a message's secret for its row; nothing to hide is nil.
func (s *Store) seal(m room.Message) ([]byte, error) {
	if m.Secret == (room.Secret{}) {
		return nil, nil
	}
	if s.sealer == nil {
		return nil, fmt.Errorf("seal message %s: %w", m.ID, errNoSealKey)
	}
	clear, err := json.Marshal(m.Secret)
	if err != nil {
		return nil, fmt.Errorf("seal message %s: %w", m.ID, err)
	}
	return s.sealer.Seal(nil, nil, clear, []byte(m.ID)), nil
}

// unseal is the reverse of seal. A row moved to another message is refused.
func (s *Store) unseal(id string, sealed []byte) (room.Secret, error) {
	var secret room.Secret
	if len(sealed) == 0 {
		return secret, nil
	}
	if s.sealer == nil {
		return secret, fmt.Errorf("unseal message %s: %w", id, errNoSealKey)
	}
	clear, err := s.sealer.Open(nil, nil, sealed, []byte(id))
	if err != nil {
		return secret, fmt.Errorf("unseal message %s: sealed with another key, or altered", id)
	}
	if err := json.Unmarshal(clear, &secret); err != nil {
		return secret, fmt.Errorf("unseal message %s: %w", id, err)
	}
	return secret, nil
}
