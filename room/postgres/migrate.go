package postgres

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrateTimeout is long: a migration may rewrite a table, and of several
// processes that start together one migrates while the others wait for it.
const migrateTimeout = 2 * time.Minute

// migrate brings the schema up to date. Processes that do so at once take turns.
func migrate(ctx context.Context, cc *pgx.ConnConfig, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, migrateTimeout)
	defer cancel()
	turn, err := pgx.ConnectConfig(ctx, cc)
	if err != nil {
		return mapErr("migrate", err)
	}
	defer turn.Close(context.WithoutCancel(ctx)) // ends the lock too
	const takeTurn = `SELECT pg_advisory_lock(hashtextextended('packroom migrations', 0))`
	if _, err := turn.Exec(ctx, takeTurn); err != nil {
		return mapErr("migrate", err)
	}

	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	db := stdlib.OpenDB(*cc)
	defer db.Close()
	p, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return mapErr("migrate", err)
	}
	if have > want {
		return fmt.Errorf("migrate: the database has schema version %d and this program knows %d: use the newer program that made it", have, want)
	}
	done, err := p.Up(ctx)
	if err != nil {
		return mapErr("migrate", err)
	}
	for _, r := range done {
		log.InfoContext(ctx, "database migrated", "version", r.Source.Version, "took", r.Duration)
	}
	return nil
}
