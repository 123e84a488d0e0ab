import type { Access } from '../schema.ts';

export async function unknownObjects(
  { db }: Pick<Access, 'db'>,
  { objects }: { objects: string[] },
): Promise<string[]> {
  if (objects.length === 0) return [];
  const rows = await db.selectFrom('blobs').select('object').where('object', 'in', objects).execute();
  const known = new Set(rows.map(({ object }) => object));
  return objects.filter((object) => !known.has(object));
}
