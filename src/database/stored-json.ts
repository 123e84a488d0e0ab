// JSON text is how free text is stored: JSON.stringify escapes what some engines refuse in text.

/** A value as the text of a JSON column; null stays null. */
export function toStored(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

/** The value of a JSON column that this house wrote; null where the column is null. */
export function fromStored<Value>(text: string | null): Value | null {
  return text === null ? null : (JSON.parse(text) as Value);
}
