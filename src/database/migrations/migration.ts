/** One step of the schema: its SQL for each engine, side by side. */
export type Migration = { number: number; name: string; sqlite: string; postgres: string };
