/** Decimals by ISO 4217, in which the backend and the store count; what `Intl` knows are habits of display, which differ. */
const NO_DECIMALS: ReadonlySet<string> = new Set([
  'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF',
]);
const THREE_DECIMALS: ReadonlySet<string> = new Set(['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND']);

/** How many decimals a currency has. Stars have none: nothing is smaller than one. */
export function decimals(currency: string): number {
  if (currency === 'XTR' || NO_DECIMALS.has(currency)) return 0;
  return THREE_DECIMALS.has(currency) ? 3 : 2;
}

/** `49900`, `RUB` → «499 ₽», `49950` → «499,50 ₽»: to the last digit, and without zeros that say nothing. */
export function showMoney(amount: number, currency: string, language: string): string {
  const places = decimals(currency);
  const whole = amount % 10 ** places === 0;
  const digits = Math.abs(amount).toString().padStart(places + 1, '0');
  // A decimal in words of its own, so that no sum becomes a binary fraction on its way.
  const value = `${amount < 0 ? '-' : ''}${digits.slice(0, digits.length - places)}.${digits.slice(digits.length - places)}`;
  return new Intl.NumberFormat(language, {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: whole ? 0 : places,
    maximumFractionDigits: places,
  }).format(places ? (value as `${number}`) : amount);
}
