/** A refusal or failure of the API, with the message that it gave for people. */
export class ApiError extends Error {
  constructor(
    /** HTTP status; 0: no answer at all. */
    readonly status: number,
    message: string,
    readonly path: string,
    readonly method = 'GET',
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** Builds a path from segments, each percent-encoded: names may hold blanks, slashes and `#`. */
export function path(...segments: string[]): string {
  return segments.map((segment) => '/' + encodeURIComponent(segment)).join('');
}

/** Throws ApiError for any answer but 2xx, and when there is none. An empty body is `undefined`. */
export async function request<T>(
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  url: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> {
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      signal,
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError(0, 'The server does not answer. Is gennaker running?', url, method);
  }
  const text = await response.text();
  const parsed = parse(text);
  if (!response.ok) throw new ApiError(response.status, messageOf(parsed, response), url, method);
  return parsed as T;
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function messageOf(body: unknown, response: Response): string {
  const fields = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const said = fields.message ?? fields.error;
  return typeof said === 'string' && said !== '' ? said : `${response.status} ${response.statusText}`;
}

export const get = <T>(url: string, signal?: AbortSignal) => request<T>('GET', url, undefined, signal);
