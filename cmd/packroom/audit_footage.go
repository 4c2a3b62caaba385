package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/postgres"
	"github.com/packroom/packroom/web"
)

// auditFootage checks an exported file against its certificate and the log.
func auditFootage(ctx context.Context, url, certificate, file string, stdout io.Writer) error {
	b, err := os.ReadFile(certificate)
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	var c web.Certificate
	if err := json.Unmarshal(b, &c); err != nil || c.Kind != web.CertificateKind {
		return fmt.Errorf("certificate %s: %w: it is none of %s", certificate, room.ErrInvalid, web.CertificateKind)
	}
	sum, err := sumOf(file)
	if err != nil {
		return err
	}
	e, report, err := postgres.AuditEvent(ctx, url, c.Entry)
	if err != nil {
		return err
	}
	if fault := certificateFault(c, sum, e, report); fault != "" {
		fmt.Fprintf(stdout, "FAULT: %s\n", fault)
		return exitError{1}
	}
	fmt.Fprintf(stdout, "%s is what %s exported on %s, %s of %s to %s; event %d of %s/%s has its checksum, and the log is whole\n",
		file, c.By, e.Time.Format("2006-01-02 15:04:05 MST"), c.Footage.Camera, c.Footage.From.Format("2006-01-02 15:04:05"), c.Footage.To.Format("15:04:05 MST"),
		e.Seq, e.Property, e.Room)
	return nil
}

// certificateFault is what of a certificate is not so; empty: all is.
func certificateFault(c web.Certificate, sum string, e room.Event, report postgres.AuditReport) string {
	var said room.Footage
	switch {
	case sum != c.Footage.SHA256:
		return fmt.Sprintf("the file has the checksum %s, the certificate says %s: it was altered, or is another", sum, c.Footage.SHA256)
	case report.Fault != nil && report.Fault.Seq <= c.Entry.Seq:
		return fmt.Sprintf("the log is not whole at event %d: %s", report.Fault.Seq, report.Fault.Text)
	case !bytes.Equal(e.Hash, c.Entry.Hash):
		return fmt.Sprintf("event %d of the log has another hash than the certificate says", c.Entry.Seq)
	case e.Kind != room.EvClipExported || json.Unmarshal(e.Data, &said) != nil || said.SHA256 != sum:
		return fmt.Sprintf("event %d of the log is no export of this file", c.Entry.Seq)
	case said.Camera != c.Footage.Camera || !said.From.Equal(c.Footage.From) || !said.To.Equal(c.Footage.To):
		return "the certificate names another camera or time than the log"
	}
	return ""
}

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("footage: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("footage: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
