/** One answer of the server under test. */
export type Answer = { status: number; headers: Headers; text: string; json: unknown; bytes: Uint8Array };

const mostMs = 30_000;

/**
 * Asks the server under test; redirects are not followed.
 * @param key sent as Bearer; absent: none
 * @param body a text, bytes or a form as they stand, anything else as JSON
 */
export async function ask(
  url: string,
  asked: { method?: string; key?: string; headers?: Readonly<Record<string, string>>; body?: unknown } = {},
): Promise<Answer> {
  const { method = 'GET', key, headers = {}, body } = asked;
  const ready = typeof body === 'string' || body instanceof FormData || body instanceof Uint8Array;
  const answer = await fetch(url, {
    method,
    redirect: 'manual',
    signal: AbortSignal.timeout(mostMs),
    headers: {
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...(body !== undefined && !(body instanceof FormData) && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: ready ? body : JSON.stringify(body) }),
  });
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const text = new TextDecoder().decode(bytes);
  const isJson = /json/.test(answer.headers.get('content-type') ?? '') && text !== '';
  return { status: answer.status, headers: answer.headers, text, bytes, json: isJson ? JSON.parse(text) : undefined };
}
