/**
 * Keeps the values of a label few, because each is a time series for as long as the process runs. What stands behind a colon
 * is dropped; what is no plain word, and every value after the first `most`, counts as `other`.
 */
export function fewValues(most: number): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    const end = value.indexOf(':');
    const word = end < 0 ? value : value.slice(0, end);
    if (known.has(word)) return word;
    if (known.size >= most || !/^[a-z0-9_]{1,60}$/.test(word)) return 'other';
    known.add(word);
    return word;
  };
}
