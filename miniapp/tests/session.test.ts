// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { authorizedSend } from '@/api/client';
import { Session } from '@/api/session';
import type { Platform } from '@/platform';

interface Call {
  path: string;
  body: Record<string, string>;
}

type Answer = (call: Call) => Response | Promise<Response>;

let calls: Call[];
let answer: Answer;

const session = (number: number, expires = 900) =>
  Response.json({ access_token: `access-${number}`, refresh_token: `refresh-${number}`, expires_in: expires, user: { id: 'u' } });

const refused = (code: string, status = 401) => Response.json({ error: code, detail: '' }, { status });

function storage(entries: Record<string, string> = {}): Platform['storage'] & { entries: Record<string, string> } {
  return {
    entries,
    get: (key) => Promise.resolve(entries[key] ?? null),
    set: (key, value) => {
      entries[key] = value;
      return Promise.resolve();
    },
    remove: (key) => {
      Reflect.deleteProperty(entries, key);
      return Promise.resolve();
    },
  };
}

const KEY = 'arcana:luna:42:refresh';

function telegram(store = storage(), initData: string | null = 'signed'): ConstructorParameters<typeof Session>[1] {
  return {
    account: '42',
    sessionOrder: ['sign-in', 'refresh'],
    initData: () => Promise.resolve(initData),
    takeLoginCode: () => null,
    storage: store,
  };
}

function web(store = storage(), initData: string | null = 'signed'): ConstructorParameters<typeof Session>[1] {
  return { ...telegram(store, initData), sessionOrder: ['refresh', 'sign-in'] };
}

beforeEach(() => {
  calls = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    const text = await request.clone().text();
    const call = { path: new URL(request.url).pathname, body: text ? (JSON.parse(text) as Record<string, string>) : {} };
    calls.push(call);
    return answer(call);
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('token', () => {
  it('signs in with initData and keeps the refresh token under slug and account', async () => {
    answer = () => session(1);
    const store = storage();
    expect(await new Session('luna', telegram(store)).token()).toBe('access-1');
    expect(calls).toEqual([{ path: '/api/v1/projects/luna/auth/telegram', body: { init_data: 'signed' } }]);
    expect(store.entries).toEqual({ [KEY]: 'refresh-1' });
  });

  it('refreshes first where a sign-in is not at hand', async () => {
    answer = () => session(2);
    expect(await new Session('luna', web(storage({ [KEY]: 'refresh-1' }))).token()).toBe('access-2');
    expect(calls).toEqual([{ path: '/api/v1/auth/refresh', body: { refresh_token: 'refresh-1' } }]);
  });

  it('falls back to the stored refresh token when initData is too old', async () => {
    answer = (call) => (call.path.endsWith('telegram') ? refused('init_data_expired') : session(3));
    expect(await new Session('luna', telegram(storage({ [KEY]: 'refresh-2' }))).token()).toBe('access-3');
  });

  it('is a single flight for callers that come together', async () => {
    answer = () => session(1);
    const made = new Session('luna', telegram());
    expect(await Promise.all([made.token(), made.token(), made.token()])).toEqual(['access-1', 'access-1', 'access-1']);
    expect(calls).toHaveLength(1);
  });

  it('renews shortly before the end, by the refresh token', async () => {
    vi.useFakeTimers({ now: 0, toFake: ['Date'] });
    let number = 0;
    answer = () => session((number += 1), 60);
    const made = new Session('luna', telegram());
    await made.token();
    vi.setSystemTime(30_000);
    expect(await made.token()).toBe('access-1');
    vi.setSystemTime(45_000);
    expect(await made.token()).toBe('access-2');
    expect(calls[1]?.path).toBe('/api/v1/auth/refresh');
  });

  it('uses the token that another tab has stored meanwhile', async () => {
    vi.useFakeTimers({ now: 0, toFake: ['Date'] });
    answer = () => session(1, 60);
    const store = storage();
    const made = new Session('luna', telegram(store));
    await made.token();
    store.entries[KEY] = 'refresh-of-another-tab';
    vi.setSystemTime(59_000);
    await made.token();
    expect(calls[1]?.body).toEqual({ refresh_token: 'refresh-of-another-tab' });
  });

  it('keeps the refresh token when only the network failed', async () => {
    answer = () => Promise.reject(new TypeError('Failed to fetch'));
    const store = storage({ [KEY]: 'refresh-1' });
    const made = new Session('luna', web(store));
    await expect(made.token()).rejects.toThrow('could not be reached');
    expect(store.entries[KEY]).toBe('refresh-1');
    expect(made.getEnd()).toBeNull();
  });

  it.each([
    ['outside', null, () => session(1)],
    ['expired', 'old', () => refused('init_data_expired')],
    ['blocked', 'signed', () => refused('user_blocked', 403)],
  ] as const)('ends as %s and says so once', async (reason, initData, reply) => {
    answer = reply;
    const made = new Session('luna', telegram(storage(), initData));
    const heard = vi.fn();
    made.subscribe(heard);
    await expect(made.token()).rejects.toMatchObject({ reason });
    await expect(made.token()).rejects.toMatchObject({ reason });
    expect(made.getEnd()).toMatchObject({ reason });
    expect(heard).toHaveBeenCalledTimes(1);
  });

  it('logs out: the server is told, the device forgets', async () => {
    answer = (call) => (call.path.endsWith('logout') ? new Response(null, { status: 204 }) : session(1));
    const store = storage();
    const made = new Session('luna', telegram(store));
    await made.token();
    await made.logOut();
    expect(calls[1]).toEqual({ path: '/api/v1/auth/logout', body: { refresh_token: 'refresh-1' } });
    expect(store.entries).toEqual({});
    expect(made.getEnd()?.reason).toBe('signed-out');
    made.reopen();
    expect(await made.token()).toBe('access-1');
  });
});

describe('a link from the bot', () => {
  const linked = (code: string, store = storage()): ConstructorParameters<typeof Session>[1] => {
    let left: string | null = code;
    return {
      ...web(store, null),
      takeLoginCode() {
        const taken = left;
        left = null;
        return taken;
      },
    };
  };

  it('signs in by its code, before the session that was here', async () => {
    answer = () => session(5);
    const store = storage({ [KEY]: 'refresh-1' });
    expect(await new Session('luna', linked('one-time-code-of-16', store)).token()).toBe('access-5');
    expect(calls).toEqual([{ path: '/api/v1/projects/luna/auth/code', body: { code: 'one-time-code-of-16' } }]);
    expect(store.entries[KEY]).toBe('refresh-5');
  });

  it('that no longer works leaves the session that was here', async () => {
    answer = (call) => (call.path.endsWith('code') ? refused('login_code_invalid') : session(6));
    expect(await new Session('luna', linked('used', storage({ [KEY]: 'refresh-1' }))).token()).toBe('access-6');
  });

  it('that no longer works is what the person is told when there is no session', async () => {
    answer = () => refused('login_code_invalid');
    const made = new Session('luna', linked('used'));
    await expect(made.token()).rejects.toMatchObject({ reason: 'link' });
    expect(made.getEnd()).toMatchObject({ reason: 'link' });
  });

  it('is tried again when no answer came', async () => {
    let number = 0;
    answer = () => ((number += 1) === 1 ? Promise.reject(new TypeError('Failed to fetch')) : session(7));
    const made = new Session('luna', linked('one-time-code-of-16'));
    await expect(made.token()).rejects.toThrow('could not be reached');
    expect(await made.token()).toBe('access-7');
    expect(calls.map((call) => call.body.code)).toEqual(['one-time-code-of-16', 'one-time-code-of-16']);
  });
});

describe('authorizedSend', () => {
  it('renews a refused token once for all requests that met it, and repeats them with their bodies', async () => {
    let renewed = 0;
    answer = (call) => {
      if (call.path.includes('/auth/')) {
        renewed += 1;
        return session(renewed);
      }
      return Response.json(call.body);
    };
    const sent: (string | null)[] = [];
    const inner = globalThis.fetch;
    vi.stubGlobal('fetch', (request: Request) => {
      const token = request.headers.get('Authorization');
      if (token) sent.push(token);
      return token === 'Bearer access-1' ? Promise.resolve(refused('token_invalid')) : inner(request);
    });
    const made = new Session('luna', telegram());
    const request = (name: string) =>
      new Request(new URL(`/${name}`, location.origin), { method: 'POST', body: JSON.stringify({ name }) });
    const answers = await Promise.all([authorizedSend(made, request('a')), authorizedSend(made, request('b'))]);
    expect(await Promise.all(answers.map((one) => one.json()))).toEqual([{ name: 'a' }, { name: 'b' }]);
    expect(sent).toEqual(['Bearer access-1', 'Bearer access-1', 'Bearer access-2', 'Bearer access-2']);
    expect(renewed).toBe(2);
  });
});
