// The thread that reads. Each request sees one moment of the database: it runs in a read transaction of its own, which
// ends with it, so that no snapshot keeps the log from being checkpointed.

import { workerData } from 'node:worker_threads';
import type { RecordsSettings } from '../../core/records.ts';
import { readsOn } from '../commands.ts';
import { connectReader } from './connect.ts';
import { kyselyOn } from './driver.ts';
import { type Command, commandIn, type Outcome, outcomeOf, serve } from './serve.ts';

export type ReaderData = { file: string; settings: RecordsSettings };

const { file, settings } = workerData as ReaderData;

function connect() {
  const sqlite = connectReader(file);
  return {
    sqlite,
    table: { ...readsOn({ db: kyselyOn(sqlite), settings, severalWriters: false }), ping: () => undefined },
  };
}

// Opened with the first request: this thread starts beside the writer, which first makes or migrates the file.
let opened: ReturnType<typeof connect> | undefined;

async function read({ name, request }: Command): Promise<unknown> {
  opened ??= connect();
  const { sqlite, table } = opened;
  sqlite.exec('BEGIN');
  try {
    return await commandIn(table, name)(request, false);
  } finally {
    sqlite.exec('COMMIT');
  }
}

async function each(commands: readonly Command[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const command of commands) outcomes.push(await outcomeOf(command, read));
  return outcomes;
}

serve(each, () => opened?.sqlite.close());
