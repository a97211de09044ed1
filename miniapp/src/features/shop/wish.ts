import type { Me, NewOrder, Price, Shop } from '@/api/types';
import { readContact } from './contact';
import type { Sale } from './offers';

/** What the person has chosen on the way to pay. */
export interface Choices {
  provider: string | null;
  gift: boolean;
  trial: boolean;
  renews: boolean;
  contact: string;
}

export interface Terms {
  /** What it costs with the chosen provider. */
  price: Price;
  /** `subscribed`: a running subscription that renews; only a gift of another one makes sense. */
  mode: 'purchase' | 'gift' | 'trial' | 'subscribed';
  total: number;
  mayRenew: boolean;
  /** A subscription that would renew, but not when it is paid this way. */
  paidOnce: boolean;
  needsContact: boolean;
}

/** What the choices come to, or null when this is not sold here. */
export function termsOfWish({ item, offer }: Sale, shop: Shop, me: Me | undefined, choices: Choices): Terms | null {
  const price = offer.prices.find(({ provider }) => provider === choices.provider) ?? offer.prices[0];
  if (!price) return null;
  const isSubscription = item.kind === 'subscription';
  const running = isSubscription && (me?.subscription?.renews ?? false);
  const mode = choices.gift && item.gift ? 'gift' : running ? 'subscribed' : choices.trial && offer.trial ? 'trial' : 'purchase';
  const total = mode === 'trial' ? 0 : price.total;
  const wouldRenew = isSubscription && item.renews && mode === 'purchase' && total > 0;
  return {
    price,
    mode,
    total,
    mayRenew: wouldRenew && price.renews,
    paidOnce: wouldRenew && !price.renews,
    needsContact: total > 0 && shop.contact_for.includes(price.provider),
  };
}

/** The order as the API takes it, or null while the contact is none. */
export function orderOf({ item, offer }: Sale, terms: Terms, choices: Choices, coupon: string | null): NewOrder | null {
  const contact = terms.needsContact ? readContact(choices.contact) : null;
  if (terms.needsContact && !contact) return null;
  const counts = coupon !== null && offer.coupon_reason === null && terms.mode !== 'trial';
  return {
    package: item.key,
    provider: terms.price.provider,
    expected_total: terms.total,
    currency: terms.price.currency,
    coupon: counts ? coupon : null,
    gift: terms.mode === 'gift',
    trial: terms.mode === 'trial',
    renews: terms.mayRenew && choices.renews,
    contact,
  };
}
