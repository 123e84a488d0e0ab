// Where the gateway under test keeps its records. Every gateway gets a database of its own.

export type Engine = {
  name: 'sqlite' | 'postgres';
  /** An empty database: what a gateway's environment says of it, and how it is given back. */
  database(): Promise<{ env: Record<string, string>; drop(): Promise<void> }>;
  close(): Promise<void>;
};

/** A file in the data folder. */
export const sqliteEngine: Engine = {
  name: 'sqlite',
  database: async () => ({ env: {}, drop: async () => {} }),
  close: async () => {},
};
