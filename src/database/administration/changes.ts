type Given<Columns> = { [Name in keyof Columns]?: Exclude<Columns[Name], undefined> };

/** The columns that are to change; undefined when none is, because an empty update is no statement. */
export function changes<Columns extends { [name: string]: unknown }>(columns: Columns): Given<Columns> | undefined {
  const given = Object.entries(columns).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : (Object.fromEntries(given) as Given<Columns>);
}
