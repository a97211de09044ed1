/** Forms by `Intl.PluralRules` category; `{count}` is the number. */
export interface Plural {
  one: string;
  few?: string;
  many?: string;
  other: string;
}

/** A Russian text that differs between «ты» and «вы». */
export interface Addressed {
  informal: string;
  formal: string;
}

export type Message = string | Plural | Addressed;
export type Params = Readonly<Record<string, string | number>>;
export type Address = keyof Addressed;

const rules = new Map<string, Intl.PluralRules>();

function pluralCategory(language: string, count: number): Intl.LDMLPluralRule {
  let rule = rules.get(language);
  if (!rule) rules.set(language, (rule = new Intl.PluralRules(language)));
  return rule.select(count);
}

/** The text of a message in one language and form of address, placeholders filled in. */
export function format(message: Message, language: string, address: Address, params: Params = {}): string {
  const text = choose(message, language, address, params);
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? new Intl.NumberFormat(language).format(value) : value;
  });
}

function choose(message: Message, language: string, address: Address, params: Params): string {
  if (typeof message === 'string') return message;
  if ('formal' in message) return message[address];
  const category = pluralCategory(language, Number(params.count ?? 0));
  return (category in message ? message[category as keyof Plural] : undefined) ?? message.other;
}
