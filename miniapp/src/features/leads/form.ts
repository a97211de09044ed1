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

/** Fields that the server would surely refuse, in the order of the form. What only it can know, it says itself. */
export function missing(form: LeadForm): LeadField[] {
  const found: LeadField[] = [];
  if (form.name.trim() === '') found.push('name');
  if (!looksLikePhone(form.phone)) found.push('phone');
  if (form.about.trim() === '') found.push('about');
  return found;
}

export function looksLikePhone(text: string): boolean {
  const digits = text.replace(/\D/g, '').length;
  return /^\+?[\d\s().-]+$/.test(text.trim()) && digits >= FEWEST_DIGITS && digits <= MOST_DIGITS;
}
