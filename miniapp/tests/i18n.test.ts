import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chooseLanguage, createTranslation, dictionaries } from '@/i18n';
import { en, type MessageKey } from '@/i18n/en';
import type { Message } from '@/i18n/message';
import { ru } from '@/i18n/ru';

const variants = (message: Message): [string, string][] =>
  typeof message === 'string' ? [['', message]] : (Object.entries(message) as [string, string][]);

const placeholders = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').sort();

const kind = (message: Message): string =>
  typeof message === 'string' || 'formal' in message ? 'text' : 'plural';

const keys = Object.keys(en) as MessageKey[];

function sources(folder: string): string {
  return readdirSync(folder, { withFileTypes: true })
    .map((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name === 'i18n' ? '' : sources(path);
      return /\.tsx?$/.test(entry.name) && entry.name !== 'schema.d.ts' ? readFileSync(path, 'utf8') : '';
    })
    .join('\n');
}

describe('dictionaries', () => {
  it('have the same keys', () => {
    for (const dictionary of Object.values(dictionaries)) expect(Object.keys(dictionary).sort()).toEqual([...keys].sort());
  });

  it.each(keys)('%s has the same placeholders everywhere', (key) => {
    const english: Message = en[key];
    const russian: Message = ru[key];
    expect(kind(russian)).toBe(kind(english));
    const wanted = placeholders(variants(english).find(([form]) => form === '' || form === 'other')?.[1] ?? '');
    for (const [, text] of [...variants(english), ...variants(russian)]) expect(placeholders(text)).toEqual(wanted);
  });

  it('have every form that their language counts with', () => {
    for (const [language, dictionary] of Object.entries(dictionaries)) {
      const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
      for (const key of keys) {
        const message: Message = dictionary[key];
        if (kind(message) === 'plural') expect(Object.keys(message).sort(), `${language} ${key}`).toEqual([...forms].sort());
      }
    }
  });

  // Stars are said by `money`, and states by a name that is put together.
  it('hold no text that the app never says', () => {
    const code = sources('src');
    const unused = keys.filter((key) => !code.includes(`'${key}'`) && !key.startsWith('state.') && key !== 'count.stars');
    expect(unused).toEqual([]);
  });
});

describe('createTranslation', () => {
  it('counts in Russian', () => {
    const { t } = createTranslation('ru', 'formal');
    const counted = [0, 1, 2, 5, 11, 21, 104].map((count) => t('count.readings', { count }));
    expect(counted).toEqual(['0 раскладов', '1 расклад', '2 расклада', '5 раскладов', '11 раскладов', '21 расклад', '104 расклада']);
  });

  it('speaks as it was asked to', () => {
    expect(createTranslation('ru', 'informal').t('home.greeting', { name: 'Анна' })).toBe('Привет, Анна');
    expect(createTranslation('ru', 'formal').t('home.greeting', { name: 'Анна' })).toBe('Здравствуйте, Анна');
    expect(createTranslation('en', 'formal').t('home.greeting', { name: 'Anna' })).toBe('Hello, Anna');
  });

  it('does not read placeholders in what people write', () => {
    expect(createTranslation('en', 'formal').t('home.greeting', { name: '{name}' })).toBe('Hello, {name}');
  });

  it('writes money from minor units', () => {
    const text = (language: string, amount: number, currency: string) =>
      createTranslation(language, 'formal').money(amount, currency).replace(/\s/g, ' ');
    expect(text('ru', 49900, 'RUB')).toBe('499 ₽');
    expect(text('en', 1250, 'USD')).toBe('$12.50');
    expect(text('en', 500, 'JPY')).toBe('¥500');
    expect(text('en', -1205, 'USD')).toBe('-$12.05');
    expect(text('en', 5, 'USD')).toBe('$0.05');
    expect(text('ru', 105, 'XTR')).toBe('105 звёзд');
  });

  // Where the habit of display differs from ISO 4217: forints are shown without fillér, and counted in them.
  it.each([
    ['HUF', 199000, '1,990'],
    ['HUF', 199050, '1,990.50'],
    ['IDR', 4990000, '49,900'],
    ['IQD', 10005, '10.005'],
    ['KWD', 10005, '10.005'],
    ['KWD', 10000, '10'],
    ['ISK', 1990, '1,990'],
    ['TWD', 1, '0.01'],
  ])('counts in the units of ISO 4217: %s', (currency, amount, shown) => {
    const text = createTranslation('en', 'formal').money(amount, currency);
    expect(text.replace(/[^\d.,]/g, '')).toBe(shown);
  });

  it('shows sums that binary fractions cannot hold to the last digit', () => {
    const text = createTranslation('en', 'formal').money(9_007_199_254_740_991, 'USD');
    expect(text).toBe('$90,071,992,547,409.91');
  });
});

describe('chooseLanguage', () => {
  it('takes the first wish that both the project and the app can speak', () => {
    expect(chooseLanguage(['ru', 'en'], null, 'de', 'en')).toBe('en');
    expect(chooseLanguage(['de', 'ru'], 'en', 'de')).toBe('ru');
    expect(chooseLanguage(['de'], 'de')).toBe('en');
  });
});
