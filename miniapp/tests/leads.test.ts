import { describe, expect, it } from 'vitest';
import { looksLikePhone, missing } from '@/features/leads/form';

const form = { name: 'Анна', phone: '+7 926 123-45-67', about: 'Встреча' };

describe('the form of a request', () => {
  it('lacks nothing when everything is there', () => expect(missing(form)).toEqual([]));

  it('names what is lacking in the order of the form', () => {
    expect(missing({ name: ' ', phone: '', about: '\n' })).toEqual(['name', 'phone', 'about']);
    expect(missing({ ...form, about: '  ' })).toEqual(['about']);
  });

  it.each(['8 (926) 123-45-67', '9261234567', '+44 20 7946 0958', '202.555.0143'])('%s may be a number', (text) =>
    expect(looksLikePhone(text)).toBe(true),
  );

  it.each(['', '12345', 'позвоните', '+7 926 ABC', '1'.repeat(18), '++7 926 123 45 67'])('%s is none', (text) =>
    expect(looksLikePhone(text)).toBe(false),
  );
});
