/** Everything the app asks of the place that it runs in. Adapters: `telegram.ts`, `web.ts`. */
export interface Platform {
  readonly name: 'telegram' | 'web';
  /** Stored secrets belong to this account; another account on the same device must not find them. */
  readonly account: string;
  /** The language that the person has chosen in the place itself. */
  readonly languageCode: string | null;
  readonly colours: PlatformColours | null;
  /** The place has a back button of its own, so the app draws none. */
  readonly hasBackButton: boolean;
  /** `sign-in` first where a sign-in is always at hand, `refresh` first where it is not. */
  readonly sessionOrder: readonly ('sign-in' | 'refresh')[];
  readonly storage: KeyValueStorage;
  /** What the link that opened the app carried (`startapp=…`), or null. */
  readonly startParam: string | null;

  /** Signed initData for `POST /auth/telegram`, or null when the app runs outside of any place to sign in from. */
  initData(): Promise<string | null>;
  /** The one-time code of a link from the bot, once: it is gone from the address and from here. */
  takeLoginCode(): string | null;
  /** Called whenever the place changes its colours. Returns a function that stops it. */
  onColours(listener: (colours: PlatformColours) => void): () => void;
  /** Shows the place's back button with this handler; null hides it. */
  setBack(handler: (() => void) | null): void;
  /** Paints the frame around the app: header, background, bottom bar. */
  paint(colours: { header: string; background: string }): void;
  haptic(kind: Haptic): void;
  /** Opens the chat with the bot; `start` is what its Start button then says. */
  openBot(username: string, start?: string): void;
  /** Opens an invoice of Telegram. How it was closed is for the screen alone: what is true, the order says. */
  openInvoice(url: string): Promise<InvoiceEnd>;
  /** Leaves for a page elsewhere, in this window where there is but one. */
  openPage(url: string): void;
  /** Hands a link on; false where the person has to copy it. */
  share(url: string, text: string): Promise<boolean>;
  /** Starts over as another person; only where people are made up (the demo). */
  renew?: () => void;
}

/** `unknown`: it could not be opened here, or nobody said how it ended. */
export type InvoiceEnd = 'paid' | 'pending' | 'cancelled' | 'failed' | 'unknown';

export type Haptic = 'select' | 'tap' | 'land' | 'success' | 'warning';

/** Colours that the place itself uses, as `#rrggbb`; each may be missing. */
export interface PlatformColours {
  background?: string;
  surface?: string;
  text?: string;
  muted?: string;
  danger?: string;
}

export interface KeyValueStorage {
  get(key: string): Promise<string | null>;
  set(key: string, value: string): Promise<void>;
  remove(key: string): Promise<void>;
}
