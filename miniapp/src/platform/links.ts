/** The chat with a bot; `start` is the payload of its Start button. */
export const botLink = (username: string, start?: string): string =>
  `https://t.me/${username}${start ? `?start=${encodeURIComponent(start)}` : ''}`;

/** What an invoice's link names: `https://t.me/$slug` or `https://t.me/invoice/slug`. */
export const invoiceSlug = (url: string): string | null => /\/(?:\$|invoice\/)([\w=-]+)$/.exec(url)?.[1] ?? null;

const GIFT = /^#gift=([\w-]{1,64})$/;

/** Takes a gift's code out of the address, which is sent to no server, and gives it as a link of Telegram carries it. */
export function takeGiftLink(view: Pick<Window, 'location' | 'history'>): string | null {
  const code = GIFT.exec(view.location.hash)?.[1] ?? null;
  if (code) view.history.replaceState(view.history.state, '', view.location.pathname + view.location.search);
  return code && `gift_${code}`;
}

const CODE = /^#code=([\w-]{16,128})$/;

/** Whether the address carries a one-time code from the bot. */
export const hasLoginCode = (hash: string): boolean => CODE.test(hash);

/** Takes the one-time code out of the address, so that it stays neither there nor in the history. */
export function takeLoginCode(view: Pick<Window, 'location' | 'history'>): string | null {
  const code = CODE.exec(view.location.hash)?.[1] ?? null;
  if (code) view.history.replaceState(view.history.state, '', view.location.pathname + view.location.search);
  return code;
}
