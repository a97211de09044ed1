import { forgetBegun } from '@/features/shop/begun';
import type { Platform } from '@/platform';
import { ApiError, isCode, readError, SessionEnded } from './errors';
import { send } from './http';
import type { Session as SessionBody, User } from './types';

type Way = Platform['sessionOrder'][number] | 'link';

/** Refresh early, so that a request seldom meets an expired token. */
const EARLY = 20_000;

/**
 * The person's session with one project. The access token lives in memory only; the refresh token in the platform's
 * storage under a key that carries slug and account. A refresh is a single flight in this tab and, through Web Locks,
 * over all tabs.
 */
export class Session {
  private access: { token: string; expiresAt: number } | null = null;
  private flight: Promise<string> | null = null;
  private ended: SessionEnded | null = null;
  private code: string | null = null;
  /** As the server described the person at the last sign-in or refresh. */
  user: User | null = null;
  private readonly key: string;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly slug: string,
    private readonly platform: Pick<Platform, 'account' | 'initData' | 'sessionOrder' | 'storage' | 'takeLoginCode'>,
  ) {
    this.key = `arcana:${slug}:${platform.account}:refresh`;
  }

  /** A token that is good right now; signs in or refreshes when needed. Throws SessionEnded. */
  async token(): Promise<string> {
    if (this.ended) throw this.ended;
    if (this.access && Date.now() < this.access.expiresAt - EARLY) return this.access.token;
    return this.renew(this.access?.token ?? null);
  }

  /** A token other than the refused one. Callers that come together share one renewal. */
  async renew(refused: string | null): Promise<string> {
    if (this.ended) throw this.ended;
    if (this.access && this.access.token !== refused && Date.now() < this.access.expiresAt) return this.access.token;
    this.flight ??= this.obtain().finally(() => {
      this.flight = null;
    });
    return this.flight;
  }

  async logOut(): Promise<void> {
    const token = await this.platform.storage.get(this.key);
    if (token) await this.post('/api/v1/auth/logout', { refresh_token: token }).catch(() => undefined);
    await this.forget(new SessionEnded('signed-out'));
  }

  /** After the person was erased: nothing of the session stays on the device. */
  async forget(end: SessionEnded): Promise<void> {
    await this.platform.storage.remove(this.key);
    forgetBegun(this.slug, this.platform.account);
    this.end(end);
  }

  /** Lets a signed-out person in again. */
  reopen(): void {
    this.ended = null;
    this.tell();
  }

  /** Why there is no session any more, or null while there is one to be had. */
  readonly getEnd = (): SessionEnded | null => this.ended;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private async obtain(): Promise<string> {
    const work = () => this.tryWays();
    // Older web views have no Web Locks; there the server's grace for a repeated refresh serves.
    const locks = (navigator as Partial<Navigator>).locks;
    return locks ? await locks.request(`${this.key}-lock`, work) : await work();
  }

  private async tryWays(): Promise<string> {
    // A running session is renewed by its refresh token; only a fresh start follows the platform's order.
    const ways: readonly Way[] = this.access ? ['refresh', 'sign-in'] : ['link', ...this.platform.sessionOrder];
    let reason: SessionEnded['reason'] = 'outside';
    for (const way of ways) {
      try {
        const body = await this.try(way);
        if (body) return await this.accept(body);
      } catch (error) {
        if (isCode(error, 'user_blocked')) throw this.end(new SessionEnded('blocked'));
        if (!(error instanceof ApiError) || error.status !== 401) throw error;
        // A link that no longer works is what the person has just opened: that is what he is told.
        if (reason !== 'link') reason = way === 'link' ? 'link' : 'expired';
      }
    }
    throw this.end(new SessionEnded(reason));
  }

  private try(way: Way): Promise<SessionBody | null> {
    if (way === 'refresh') return this.refresh();
    return way === 'link' ? this.signInByLink() : this.signIn();
  }

  /** By the one-time code of a link from the bot. Without an answer the code may still be good: it is kept. */
  private async signInByLink(): Promise<SessionBody | null> {
    this.code = this.platform.takeLoginCode() ?? this.code;
    if (!this.code) return null;
    try {
      const body = await this.post(`/api/v1/projects/${this.slug}/auth/code`, { code: this.code });
      this.code = null;
      return body;
    } catch (error) {
      if (error instanceof ApiError && error.status < 500 && error.status !== 429) this.code = null;
      throw error;
    }
  }

  /** Reads the stored token anew each time: another tab may have rotated it meanwhile. */
  private async refresh(): Promise<SessionBody | null> {
    const token = await this.platform.storage.get(this.key);
    if (!token) return null;
    try {
      return await this.post('/api/v1/auth/refresh', { refresh_token: token });
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) await this.platform.storage.remove(this.key);
      throw error;
    }
  }

  private async signIn(): Promise<SessionBody | null> {
    const initData = await this.platform.initData();
    if (!initData) return null;
    return this.post(`/api/v1/projects/${this.slug}/auth/telegram`, { init_data: initData, ...startParam() });
  }

  private async accept(body: SessionBody): Promise<string> {
    this.access = { token: body.access_token, expiresAt: Date.now() + body.expires_in * 1000 };
    this.user = body.user;
    await this.platform.storage.set(this.key, body.refresh_token);
    return body.access_token;
  }

  private async post(path: string, body: object): Promise<SessionBody> {
    const response = await send(
      new Request(new URL(path, location.origin), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      }),
    );
    if (!response.ok) throw await readError(response);
    return (response.status === 204 ? null : await response.json()) as SessionBody;
  }

  private end(end: SessionEnded): SessionEnded {
    this.access = null;
    this.ended = end;
    this.tell();
    return end;
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

/**
 * What the button that opened the app says of itself: Telegram puts the parameter of a link into the initData,
 * a button's stays in the address.
 */
function startParam(): { start_param?: string } {
  const search = typeof location === 'undefined' ? '' : location.search;
  const found = new URLSearchParams(search).get('startapp') ?? '';
  return /^[A-Za-z0-9_-]{1,512}$/.test(found) ? { start_param: found } : {};
}
