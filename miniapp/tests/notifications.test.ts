import { describe, expect, it } from 'vitest';
import type { Inbox, Notification } from '@/api/types';
import { allRead, badge, destination, items, unread } from '@/features/notifications/inbox';
import { changed } from '@/features/notifications/queries';

const notice = (id: string, read = false): Notification => ({
  id,
  kind: 'replies',
  title: 'Вам ответили',
  text: 'Да',
  screen: { name: 'inbox', reading_id: null, page: null },
  created_at: '2026-11-21T10:00:00Z',
  read,
});
const page = (ids: string[], count: number): Inbox => ({ items: ids.map((id) => notice(id)), next_cursor: null, unread: count });
const inbox = (...pages: Inbox[]) => ({ pages, pageParams: [] });

describe('destination', () => {
  const to = (name: Notification['screen']['name'], more: { reading_id?: string; page?: string } = {}) =>
    destination({ name, reading_id: null, page: null, ...more }, 'luna');

  it('leads to where the notice is about', () => {
    expect(to('reading', { reading_id: 'a' })).toEqual({ name: 'reading', id: 'a' });
    expect(to('packages')).toEqual({ name: 'packages' });
    expect(to('profile')).toEqual({ name: 'profile' });
    expect(to('page', { page: 'spreads/celtic-cross' })).toEqual({ name: 'spread', key: 'celtic-cross' });
    expect(to('chat')).toBe('chat');
  });

  it('leads nowhere where the notice says it all, or its page is none of the app', () => {
    expect(to('inbox')).toBeNull();
    expect(to('home')).toBeNull();
    expect(to('reading')).toBeNull();
    expect(to('page', { page: 'nonsense/at/all' })).toBeNull();
    expect(to('page', { page: 'inbox' })).toBeNull();
  });
});

describe('inbox', () => {
  it('shows each notice once, though a new one has moved the pages', () => {
    expect(items(inbox(page(['c', 'b'], 3), page(['b', 'a'], 3))).map((item) => item.id)).toEqual(['c', 'b', 'a']);
    expect(items(undefined)).toEqual([]);
  });

  it('takes the count of the newest page', () => {
    expect(unread(inbox(page(['b'], 4), page(['a'], 9)))).toBe(4);
    expect(unread(undefined)).toBe(0);
  });

  it('is read everywhere at once', () => {
    const read = allRead(inbox(page(['b'], 2), page(['a'], 2)), 0);
    expect(items(read).every((item) => item.read)).toBe(true);
    expect(unread(read)).toBe(0);
  });

  it.each([
    [-1, ''],
    [0, ''],
    [7, '7'],
    [99, '99'],
    [100, '99+'],
  ])('%i stands on the bell as "%s"', (count, text) => expect(badge(count)).toBe(text));
});

describe('wishes', () => {
  const before = {
    kinds: [
      { kind: 'replies', enabled: true, switchable: true },
      { kind: 'news', enabled: true, switchable: true },
    ],
    quiet: { from: '22:00', until: '09:00' },
  };

  it('moves one switch and leaves the rest', () => {
    expect(changed(before, { kinds: { news: false } })).toEqual({
      ...before,
      kinds: [before.kinds[0], { kind: 'news', enabled: false, switchable: true }],
    });
  });

  it('tells no quiet hours from unchanged ones', () => {
    expect(changed(before, {}).quiet).toEqual(before.quiet);
    expect(changed(before, { quiet: null }).quiet).toBeNull();
  });
});
