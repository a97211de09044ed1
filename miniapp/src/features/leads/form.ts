/** What the form asks for, and the same limits as the API's. */
export const NAME_LIMIT = 80;
export const PHONE_LIMIT = 40;
export const ABOUT_LIMIT = 1000;
/** E.164 numbers have 8 to 15 digits; national ones are shorter by the country code. */
const FEWEST_DIGITS = 7;
const MOST_DIGITS = 17;

export interface LeadForm {
  name: string;
  phone: string;
  about: string;
}

export type LeadField = keyof LeadForm;

/** `empty`: nothing is written; `unclear`: what is written is no telephone number. */
export type Problem = 'empty' | 'unclear';
export type Problems = Partial<Record<LeadField, Problem>>;

/** What the server would surely refuse, in the order of the form. What only it can know, it says itself. */
export function problemsOf(form: LeadForm): Problems {
  const found: Problems = {};
  if (form.name.trim() === '') found.name = 'empty';
  if (form.phone.trim() === '') found.phone = 'empty';
  else if (!looksLikePhone(form.phone)) found.phone = 'unclear';
  if (form.about.trim() === '') found.about = 'empty';
  return found;
}

export function looksLikePhone(text: string): boolean {
  const digits = text.replace(/\D/g, '').length;
  return /^\+?[\d\s().-]+$/.test(text.trim()) && digits >= FEWEST_DIGITS && digits <= MOST_DIGITS;
}
