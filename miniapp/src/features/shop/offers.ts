import type { Catalogue, Me, Offer, Package, Price, Shop } from '@/api/types';
import type { Translation } from '@/i18n';

/** A package as it can be bought here: what the catalogue says of it, and what it costs. */
export interface Sale {
  item: Package;
  offer: Offer;
}

/** What can be bought here, in the catalogue's order. */
export function forSale(catalogue: Catalogue, shop: Shop): Sale[] {
  return catalogue.packages.flatMap((item) => {
    const offer = shop.items.find((one) => one.package === item.key);
    return offer && offer.prices.length > 0 ? [{ item, offer }] : [];
  });
}

/** One price a currency: providers of the same currency take the same sum. */
export function pricesShown(prices: readonly Price[]): Price[] {
  return prices.filter((price, index) => prices.findIndex(({ currency }) => currency === price.currency) === index);
}

/** What a price was before the sale and the coupon, where it was more. */
export const priceBefore = ({ regular, total }: Pick<Price, 'regular' | 'total'>): number | null =>
  regular > total ? regular : null;

interface Contents {
  kind: Package['kind'];
  readings: number;
  follow_ups: number;
  period: Package['period'];
}

/** What somebody gets, in a few words each: «10 раскладов», «5 уточнений». */
export function contentsOf({ kind, readings, follow_ups: followUps, period }: Contents, { t }: Translation): string[] {
  const words = [];
  if (kind === 'subscription') words.push(t(period === 'year' ? 'shop.unlimited_year' : 'shop.unlimited_month'));
  else if (readings > 0) words.push(t('count.readings', { count: readings }));
  if (followUps > 0) words.push(t('count.follow_ups', { count: followUps }));
  return words;
}

/** The small print: how many a day, and how long it lasts. */
export function termsOf(item: Pick<Package, 'kind' | 'fair_use' | 'expires_days'>, { t }: Translation): string[] {
  const words = [];
  if (item.fair_use) words.push(t('shop.fair_use', { count: item.fair_use }));
  if (item.expires_days) words.push(t('shop.expires', { time: t('count.days', { count: item.expires_days }) }));
  else if (item.kind !== 'subscription') words.push(t('shop.lasting'));
  return words;
}

/** Whether a subscription pays for a reading right now, whatever the balance. */
export function subscriptionPays(me: Me | undefined): boolean {
  const subscription = me?.subscription;
  return subscription ? (subscription.fair_use?.left ?? 1) > 0 : false;
}
