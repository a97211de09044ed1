import type { Inbox, Notification } from '@/api/types';
import { parseRoute, type Route } from '@/app/routes';

export interface InboxPages {
  pages: Inbox[];
  pageParams: unknown[];
}

/** Where a tap leads; `chat` is the one with the bot, null where there is nothing more to see than the notice itself. */
export function destination(screen: Notification['screen'], slug: string): Route | 'chat' | null {
  switch (screen.name) {
    case 'reading':
      return screen.reading_id ? { name: 'reading', id: screen.reading_id } : null;
    case 'packages':
    case 'profile':
      return { name: screen.name };
    case 'page': {
      const route = parseRoute(`/${slug}/${screen.page ?? ''}`, slug);
      return route.name === 'unknown' || route.name === 'inbox' ? null : route;
    }
    case 'chat':
      return 'chat';
    default:
      return null;
  }
}

export function items(inbox: InboxPages | undefined): Notification[] {
  // A notice that came between two pages pushes one over to the next.
  const seen = new Map(inbox?.pages.flatMap((page) => page.items).map((item) => [item.id, item]));
  return [...seen.values()];
}

/** The newest page knows the latest count. */
export function unread(inbox: InboxPages | undefined): number {
  return inbox?.pages[0]?.unread ?? 0;
}

/** As the server sees it once everything up to the newest of these was read. */
export function allRead(inbox: InboxPages, left: number): InboxPages {
  return {
    ...inbox,
    pages: inbox.pages.map((page) => ({
      ...page,
      unread: left,
      items: page.items.map((item) => ({ ...item, read: true })),
    })),
  };
}

/** What stands on the bell: nothing, the number, or that there are many. */
export function badge(count: number): string {
  if (count <= 0) return '';
  return count > 99 ? '99+' : String(count);
}
