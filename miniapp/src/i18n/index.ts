import { createContext, useContext } from 'react';
import { en, type MessageKey } from './en';
import { type Address, format, type Message, type Params } from './message';
import { showMoney } from './money';
import { ru } from './ru';

export type { MessageKey } from './en';

export const dictionaries: Readonly<Record<string, Readonly<Record<MessageKey, Message>>>> = { ru, en };

export interface Translation {
  language: string;
  t: (key: MessageKey, params?: Params) => string;
  /** Money in minor units as the store writes it: `49900`, `RUB` → «499 ₽»; `XTR` are Stars. */
  money: (amount: number, currency: string) => string;
  date: (iso: string, style?: 'long' | 'short') => string;
}

export function createTranslation(language: string, address: Address): Translation {
  const dictionary = dictionaries[language] ?? en;
  const known = language in dictionaries ? language : 'en';
  return {
    language: known,
    t: (key, params) => format(dictionary[key], known, address, params),
    money(amount, currency) {
      if (currency === 'XTR') return format(dictionary['count.stars'], known, address, { count: amount });
      return showMoney(amount, currency, known);
    },
    date(iso, style = 'long') {
      const options: Intl.DateTimeFormatOptions =
        style === 'long' ? { day: 'numeric', month: 'long', year: 'numeric' } : { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' };
      // Russian ends a year with «г.», which would double the full stop of a sentence.
      return new Intl.DateTimeFormat(known, options).format(new Date(iso)).replace(/\sг\.$/, '');
    },
  };
}

/** The first language that the app can speak: the person's, the place's, the project's own order. */
export function chooseLanguage(offered: readonly string[], ...wishes: (string | null | undefined)[]): string {
  const spoken = offered.filter((language) => language in dictionaries);
  const wish = wishes.find((language) => language && spoken.includes(language));
  return wish ?? spoken[0] ?? 'en';
}

export const TranslationContext = createContext<Translation>(createTranslation('en', 'formal'));

export const useTranslation = (): Translation => useContext(TranslationContext);
