import { describe, expect, it, vi } from 'vitest';
import { botLink, hasLoginCode, takeLoginCode } from '@/platform/links';

const CODE = 'AbCdEf_0123456-789';

describe('takeLoginCode', () => {
  it('takes the code out of the address and leaves the rest', () => {
    const replaceState = vi.fn();
    const view = {
      location: { hash: `#code=${CODE}`, pathname: '/luna/', search: '?a=1' },
      history: { state: { depth: 0 }, replaceState },
    } as unknown as Parameters<typeof takeLoginCode>[0];
    expect(takeLoginCode(view)).toBe(CODE);
    expect(replaceState).toHaveBeenCalledWith({ depth: 0 }, '', '/luna/?a=1');
  });

  it.each(['', '#', '#code=', '#code=short', `#tgWebAppData=x&code=${CODE}`])('finds none in %s', (hash) => {
    expect(hasLoginCode(hash)).toBe(false);
    const replaceState = vi.fn();
    const view = { location: { hash }, history: { replaceState } } as unknown as Parameters<typeof takeLoginCode>[0];
    expect(takeLoginCode(view)).toBeNull();
    expect(replaceState).not.toHaveBeenCalled();
  });
});

it('links to the chat with a bot', () => {
  expect(botLink('luna_bot')).toBe('https://t.me/luna_bot');
  expect(botLink('luna_bot', 'web')).toBe('https://t.me/luna_bot?start=web');
});
