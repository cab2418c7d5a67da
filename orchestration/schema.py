"""The tables of the store, as steps from one version to the next; a released step never changes."""

from __future__ import annotations

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE buttons (
            token TEXT PRIMARY KEY,
            digest BLOB NOT NULL UNIQUE,
            action BLOB NOT NULL,
            expires REAL NOT NULL
        ) WITHOUT ROWID""",
        "CREATE INDEX buttons_by_expiry ON buttons (expires)",
        """CREATE TABLE deliveries (
            seq INTEGER PRIMARY KEY,
            source TEXT NOT NULL,
            id TEXT NOT NULL,
            payload BLOB,
            at REAL NOT NULL,
            UNIQUE (source, id)
        )""",
        "CREATE INDEX deliveries_waiting ON deliveries (source, seq) WHERE payload IS NOT NULL",
        """CREATE TABLE locks (
            key TEXT PRIMARY KEY,
            holder TEXT NOT NULL,
            reason TEXT NOT NULL,
            since REAL NOT NULL
        ) WITHOUT ROWID""",
        "CREATE TABLE notes (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        """CREATE TABLE approvals (
            id TEXT PRIMARY KEY,
            state TEXT NOT NULL,
            body BLOB NOT NULL,
            expires REAL NOT NULL,
            asked REAL NOT NULL,
            revision INTEGER NOT NULL DEFAULT 1,
            carded INTEGER NOT NULL DEFAULT 0
        ) WITHOUT ROWID""",
        "CREATE INDEX approvals_to_do ON approvals (state, expires) WHERE state = 'open'",
        "CREATE INDEX approvals_to_show ON approvals (id) WHERE carded < revision",
        """CREATE TABLE messages (
            seq INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,
            lane TEXT NOT NULL,
            place BLOB NOT NULL,
            reply BLOB,
            digest BLOB NOT NULL,
            shown BLOB NOT NULL DEFAULT x'',
            channel TEXT NOT NULL DEFAULT '',
            message TEXT NOT NULL DEFAULT '',
            state TEXT NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            next_try REAL NOT NULL DEFAULT 0,
            loud INTEGER NOT NULL,
            progress INTEGER NOT NULL,
            created REAL NOT NULL,
            changed REAL NOT NULL,
            reason TEXT NOT NULL DEFAULT ''
        )""",
        """CREATE INDEX messages_to_do ON messages (seq)
            WHERE state IN ('new', 'sending') OR (state = 'sent' AND shown <> digest)""",
        "CREATE INDEX messages_by_lane ON messages (lane, seq)",
        "CREATE INDEX messages_by_age ON messages (changed)",
    ),
    (
        """CREATE TABLE schedules (
            name TEXT PRIMARY KEY,
            body BLOB NOT NULL,
            next REAL
        ) WITHOUT ROWID""",
        "CREATE INDEX schedules_due ON schedules (next) WHERE next IS NOT NULL",
    ),
    (
        """CREATE TABLE runs (
            id TEXT PRIMARY KEY,
            root TEXT NOT NULL,
            generation INTEGER NOT NULL,
            delivery TEXT NOT NULL UNIQUE,
            playbook TEXT NOT NULL,
            person TEXT NOT NULL,
            state TEXT NOT NULL,
            live INTEGER NOT NULL,
            priority INTEGER NOT NULL,
            slot INTEGER NOT NULL,
            wants REAL,
            asked REAL NOT NULL,
            body BLOB NOT NULL
        ) WITHOUT ROWID""",
        "CREATE INDEX runs_alive ON runs (asked) WHERE live",
        "CREATE INDEX runs_by_age ON runs (asked)",
        "CREATE INDEX runs_by_root ON runs (root, generation)",
        """CREATE TABLE run_steps (
            run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
            path TEXT NOT NULL,
            label TEXT NOT NULL,
            body BLOB NOT NULL,
            PRIMARY KEY (run, path, label)
        ) WITHOUT ROWID""",
        """CREATE TABLE run_sources (
            digest TEXT PRIMARY KEY,
            file TEXT NOT NULL,
            source BLOB NOT NULL
        ) WITHOUT ROWID""",
        """CREATE TABLE checkpoints (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
            upto INTEGER NOT NULL,
            body BLOB NOT NULL
        )""",
        "CREATE INDEX checkpoints_by_run ON checkpoints (run, number)",
        """CREATE TABLE counters (
            name TEXT PRIMARY KEY,
            value INTEGER NOT NULL
        ) WITHOUT ROWID""",
        """CREATE TABLE run_turns (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            key TEXT NOT NULL,
            holder TEXT NOT NULL,
            run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
            UNIQUE (key, holder)
        )""",
    ),
    (
        "ALTER TABLE runs ADD COLUMN key TEXT",
        "CREATE UNIQUE INDEX runs_by_key ON runs (key) WHERE key IS NOT NULL",
    ),
    (
        """CREATE TABLE processes (
            name TEXT PRIMARY KEY,
            life TEXT NOT NULL,
            kind TEXT NOT NULL,
            host TEXT NOT NULL,
            pid INTEGER NOT NULL,
            since REAL NOT NULL,
            beat REAL NOT NULL,
            lease REAL NOT NULL
        ) WITHOUT ROWID""",
        "CREATE TABLE seats (name TEXT PRIMARY KEY, holder TEXT NOT NULL) WITHOUT ROWID",
        "ALTER TABLE runs ADD COLUMN holder TEXT NOT NULL DEFAULT ''",
    ),
    ("ALTER TABLE run_turns ADD COLUMN since REAL",),
)
