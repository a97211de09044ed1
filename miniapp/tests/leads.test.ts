import { describe, expect, it } from 'vitest';
import { looksLikePhone, problemsOf } from '@/features/leads/form';

const form = { name: 'Анна', phone: '+7 926 123-45-67', about: 'Встреча' };

describe('the form of a request', () => {
  it('has no problems when everything is there', () => expect(problemsOf(form)).toEqual({}));

  it('names what is missing in the order of the form', () => {
    const found = problemsOf({ name: ' ', phone: '', about: '\n' });
    expect(Object.entries(found)).toEqual([
      ['name', 'empty'],
      ['phone', 'empty'],
      ['about', 'empty'],
    ]);
    expect(problemsOf({ ...form, about: '  ' })).toEqual({ about: 'empty' });
  });

  it('tells a number that is none from one that is missing', () => {
    expect(problemsOf({ ...form, phone: '12345' })).toEqual({ phone: 'unclear' });
    expect(problemsOf({ ...form, phone: '  ' })).toEqual({ phone: 'empty' });
  });

  it.each(['8 (926) 123-45-67', '9261234567', '+44 20 7946 0958', '202.555.0143'])('%s may be a number', (text) =>
    expect(looksLikePhone(text)).toBe(true),
  );

  it.each(['', '12345', 'позвоните', '+7 926 ABC', '1'.repeat(18), '++7 926 123 45 67'])('%s is none', (text) =>
    expect(looksLikePhone(text)).toBe(false),
  );
});
