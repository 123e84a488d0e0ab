// Control characters, and those that turn the direction of writing.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the point
const treacherous = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * A stranger's text as one line that a terminal may show: line ends and tabs become spaces, and what would move the
 * cursor, recolour the screen or reverse a file name becomes U+FFFD.
 */
export const plain = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[\r\n\t]+/g, ' ')
    .replace(treacherous, '\ufffd');
