CREATE TABLE api_keys (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  hash BLOB NOT NULL UNIQUE,
  app_key INTEGER REFERENCES apps (key),
  organization_key INTEGER REFERENCES organizations (key),
  name TEXT NOT NULL,
  permissions TEXT NOT NULL,
  mode TEXT NOT NULL,
  dialect TEXT NOT NULL,
  ends_at INTEGER,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;

CREATE INDEX api_keys_by_app ON api_keys (app_key);

CREATE INDEX api_keys_by_organization ON api_keys (organization_key);

CREATE INDEX api_keys_ending ON api_keys (ends_at) WHERE ends_at IS NOT NULL;

CREATE TABLE apps (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  organization_key INTEGER REFERENCES organizations (key),
  name TEXT NOT NULL,
  dialect TEXT NOT NULL,
  media_retention_seconds INTEGER,
  link_seconds INTEGER,
  deliver_within_seconds INTEGER,
  hold_limit_seconds INTEGER,
  auto_download TEXT,
  events_forgotten INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  deleted_at INTEGER,
  erased_at INTEGER
) STRICT;

CREATE INDEX apps_by_organization ON apps (organization_key);

CREATE INDEX apps_to_erase ON apps (deleted_at) WHERE deleted_at IS NOT NULL AND erased_at IS NULL;

CREATE TABLE attempts (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  app_key INTEGER NOT NULL,
  delivery_key INTEGER NOT NULL,
  number INTEGER NOT NULL,
  at INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  status INTEGER,
  fault TEXT NOT NULL,
  body_sha256 TEXT,
  body_length INTEGER,
  answer TEXT NOT NULL
) STRICT;

CREATE INDEX attempts_of_delivery ON attempts (delivery_key, number);

CREATE TRIGGER blobs_doomed AFTER UPDATE OF state ON blobs WHEN OLD.state = 'live' AND NEW.state <> 'live' BEGIN
  UPDATE storage SET objects = objects - 1, bytes = bytes - OLD.size;
END;

CREATE TRIGGER blobs_kept AFTER INSERT ON blobs WHEN NEW.state = 'live' BEGIN
  UPDATE storage SET objects = objects + 1, bytes = bytes + NEW.size;
END;

CREATE TABLE blobs (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  app_key INTEGER NOT NULL REFERENCES apps (key),
  object TEXT NOT NULL UNIQUE,
  sha256 TEXT NOT NULL,
  size INTEGER NOT NULL,
  state TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX blobs_live ON blobs (app_key, sha256, size) WHERE state = 'live';

CREATE TABLE channels (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  app_key INTEGER NOT NULL REFERENCES apps (key),
  connection_key INTEGER NOT NULL REFERENCES connections (key),
  address TEXT NOT NULL,
  display TEXT NOT NULL,
  sealed BLOB NOT NULL,
  state TEXT NOT NULL,
  reason TEXT,
  state_at INTEGER NOT NULL,
  probe_at INTEGER,
  created_at INTEGER NOT NULL,
  erased_at INTEGER
) STRICT;

CREATE INDEX channels_by_app ON channels (app_key);

CREATE UNIQUE INDEX channels_live_address ON channels (connection_key, address) WHERE state <> 'destroyed';

CREATE INDEX channels_paused ON channels (probe_at) WHERE state = 'paused';

CREATE INDEX channels_to_erase ON channels (state_at) WHERE state = 'destroyed' AND erased_at IS NULL;

CREATE TABLE connections (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  carrier TEXT NOT NULL,
  name TEXT NOT NULL,
  settings TEXT NOT NULL,
  sealed BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;

CREATE TABLE contact_identities (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  channel_key INTEGER NOT NULL REFERENCES channels (key),
  contact_key INTEGER NOT NULL REFERENCES contacts (key),
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  UNIQUE (channel_key, kind, value)
) STRICT;

CREATE INDEX contact_identities_by_contact ON contact_identities (contact_key);

CREATE TABLE contacts (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  app_key INTEGER NOT NULL REFERENCES apps (key),
  channel_key INTEGER NOT NULL REFERENCES channels (key),
  name TEXT,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE conversations (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  app_key INTEGER NOT NULL REFERENCES apps (key),
  channel_key INTEGER NOT NULL REFERENCES channels (key),
  contact_key INTEGER REFERENCES contacts (key),
  group_id TEXT,
  created_at INTEGER NOT NULL,
  UNIQUE (channel_key, contact_key),
  UNIQUE (channel_key, group_id)
) STRICT;

CREATE TABLE deliveries (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL,
  app_key INTEGER NOT NULL,
  event_key INTEGER NOT NULL,
  endpoint_key INTEGER NOT NULL,
  message_key INTEGER,
  media_key INTEGER,
  part INTEGER NOT NULL,
  state TEXT NOT NULL,
  reason TEXT,
  state_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX deliveries_by_app ON deliveries (app_key);

CREATE INDEX deliveries_by_endpoint ON deliveries (endpoint_key, state);

CREATE INDEX deliveries_by_id ON deliveries (id);

CREATE INDEX deliveries_by_message ON deliveries (message_key);

CREATE INDEX deliveries_dead ON deliveries (app_key) WHERE state = 'dead';

CREATE UNIQUE INDEX deliveries_of_event ON deliveries (event_key, endpoint_key, part);

CREATE TABLE documents (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  app_key INTEGER NOT NULL REFERENCES apps (key),
  dialect TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (app_key, dialect, kind, name)
) STRICT;

CREATE TABLE endpoints (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  app_key INTEGER NOT NULL REFERENCES apps (key),
  url TEXT NOT NULL,
  dialect TEXT NOT NULL,
  transport TEXT NOT NULL,
  events TEXT,
  settings TEXT NOT NULL,
  sealed BLOB NOT NULL,
  state TEXT NOT NULL,
  reason TEXT,
  state_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX endpoints_live ON endpoints (app_key) WHERE state <> 'deleted';

CREATE INDEX endpoints_paused ON endpoints (key) WHERE state = 'paused';

CREATE UNIQUE INDEX endpoints_socket ON endpoints (app_key, dialect) WHERE transport = 'socket' AND state <> 'deleted';

CREATE TABLE events (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL,
  app_key INTEGER NOT NULL,
  type TEXT NOT NULL,
  version INTEGER NOT NULL,
  at INTEGER NOT NULL,
  message_key INTEGER,
  media_key INTEGER,
  channel_key INTEGER,
  endpoint_key INTEGER
) STRICT;

CREATE INDEX events_answered ON events (media_key) WHERE type = 'media.answered';

CREATE INDEX events_by_app ON events (app_key);

CREATE TABLE idempotency_marks (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  mark BLOB NOT NULL UNIQUE,
  fingerprint TEXT NOT NULL,
  begun_at INTEGER NOT NULL,
  status INTEGER,
  answer BLOB
) STRICT;

CREATE INDEX idempotency_marks_by_age ON idempotency_marks (begun_at);

CREATE TABLE jobs (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  lane INTEGER NOT NULL,
  subject INTEGER NOT NULL,
  state TEXT NOT NULL,
  due_at INTEGER NOT NULL,
  deadline INTEGER,
  attempt INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,
  lapses INTEGER NOT NULL DEFAULT 0,
  last_reason TEXT,
  last_failed_at INTEGER,
  memo TEXT,
  created_at INTEGER NOT NULL,
  UNIQUE (kind, subject)
) STRICT;

CREATE INDEX jobs_due ON jobs (kind, state, due_at) WHERE state = 'waiting' OR state = 'leased';

CREATE INDEX jobs_failed ON jobs (lane, last_failed_at) WHERE kind = 'capture' AND last_failed_at IS NOT NULL;

CREATE INDEX jobs_ready ON jobs (kind, lane) WHERE state = 'ready';

CREATE INDEX jobs_urgent ON jobs (lane, deadline) WHERE kind = 'capture' AND state = 'ready';

CREATE TABLE journal (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL,
  connection_key INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  duplicates INTEGER NOT NULL,
  statuses INTEGER NOT NULL,
  notices INTEGER NOT NULL,
  unrouted INTEGER NOT NULL,
  unparsed INTEGER NOT NULL,
  open INTEGER NOT NULL,
  problems TEXT NOT NULL,
  headers TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  body BLOB NOT NULL
) STRICT;

CREATE INDEX journal_by_age ON journal (open, received_at);

CREATE INDEX journal_by_id ON journal (id);

CREATE INDEX journal_open ON journal (open) WHERE open = 1;

CREATE TABLE lanes (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  lane INTEGER NOT NULL,
  turn INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  UNIQUE (kind, lane)
) STRICT;

CREATE INDEX lanes_by_turn ON lanes (kind, turn);

CREATE TRIGGER media_referring AFTER UPDATE OF blob_key ON media WHEN OLD.blob_key IS NOT NEW.blob_key BEGIN
  UPDATE storage SET referred = referred
    + iif(NEW.blob_key IS NULL, 0, NEW.size) - iif(OLD.blob_key IS NULL, 0, OLD.size);
END;

CREATE TABLE media (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  app_key INTEGER NOT NULL REFERENCES apps (key),
  channel_key INTEGER REFERENCES channels (key),
  message_key INTEGER REFERENCES messages (key),
  part INTEGER NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT,
  state_at INTEGER NOT NULL,
  carrier_media_id TEXT,
  voice INTEGER NOT NULL,
  animated INTEGER NOT NULL,
  thumbnail_of INTEGER,
  details TEXT NOT NULL,
  size INTEGER,
  sha256 TEXT,
  integrity TEXT,
  blob_key INTEGER REFERENCES blobs (key),
  askers INTEGER NOT NULL DEFAULT 0,
  kept INTEGER NOT NULL DEFAULT 0,
  received_at INTEGER NOT NULL,
  stored_at INTEGER,
  deadline INTEGER NOT NULL,
  UNIQUE (message_key, part)
) STRICT;

CREATE INDEX media_by_age ON media (app_key, state, received_at);

CREATE INDEX media_by_app ON media (app_key);

CREATE INDEX media_by_blob ON media (blob_key) WHERE blob_key IS NOT NULL;

CREATE INDEX media_kept_by_channel ON media (channel_key) WHERE state <> 'deleted';

CREATE INDEX media_upload_tombstones ON media (message_key, received_at)
  WHERE message_key IS NULL AND (state = 'expired' OR state = 'deleted');

CREATE TABLE messages (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  app_key INTEGER NOT NULL REFERENCES apps (key),
  channel_key INTEGER NOT NULL REFERENCES channels (key),
  conversation_key INTEGER REFERENCES conversations (key),
  contact_key INTEGER REFERENCES contacts (key),
  dedupe_key TEXT NOT NULL,
  carrier_message_id TEXT NOT NULL,
  group_id TEXT,
  direction TEXT NOT NULL,
  origin TEXT NOT NULL,
  body TEXT NOT NULL,
  verified INTEGER NOT NULL,
  sent_at INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  UNIQUE (app_key, channel_key, dedupe_key)
) STRICT;

CREATE INDEX messages_by_app ON messages (app_key);

CREATE INDEX messages_by_carrier_id ON messages (carrier_message_id);

CREATE INDEX messages_by_conversation ON messages (conversation_key);

CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT;

CREATE TABLE organizations (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  media_retention_days INTEGER,
  created_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;

CREATE TABLE storage (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  objects INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  referred INTEGER NOT NULL
) STRICT;

CREATE TABLE sweeps (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  step TEXT NOT NULL UNIQUE,
  after_key INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  app_key INTEGER NOT NULL REFERENCES apps (key),
  name TEXT NOT NULL,
  folded TEXT NOT NULL UNIQUE,
  hash TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX users_by_app ON users (app_key);
