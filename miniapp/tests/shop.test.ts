// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from 'vitest';
import type { Me, Order, Shop } from '@/api/types';
import { giftArrivals, isGiftLink, keptGiftCode, onGiftArrival, readGiftCode, receiveGift } from '@/features/gift/code';
import { pollDelay, stageOf } from '@/features/purchases/stage';
import { BegunStore, forgetBegun } from '@/features/shop/begun';
import { readContact } from '@/features/shop/contact';
import { contentsOf, forSale, pricesShown, type Sale, subscriptionPays, termsOf } from '@/features/shop/offers';
import { couponRefusal } from '@/features/shop/refusals';
import { type Choices, orderOf, type Terms, termsOfWish } from '@/features/shop/wish';
import { createTranslation } from '@/i18n';
import { invoiceSlug, takeGiftLink } from '@/platform/links';

const words = createTranslation('ru', 'informal');
const price = (provider: string, total: number, currency = 'RUB', renews = true) => ({
  provider, currency, regular: 600, price: 500, discount: 500 - total, total, minimum: 1, maximum: null, renews,
});
const choices: Choices = { provider: null, gift: false, trial: false, renews: true, contact: '' };

function sale(item: object = {}, offer: object = {}): Sale {
  const base = { key: 'ten', kind: 'readings', readings: 10, follow_ups: 5, period: null, renews: false, fair_use: null, expires_days: null, trial_days: null, gift: true };
  return {
    item: { ...base, ...item },
    offer: { package: 'ten', prices: [price('stripe', 500), price('yookassa', 500)], trial: false, coupon_reason: null, ...offer },
  } as unknown as Sale;
}
const month = (offer: object = {}) => sale({ kind: 'subscription', period: 'month', renews: true, fair_use: 10, trial_days: 3 }, offer);
const shop = (contactFor: string[] = []) => ({ contact_for: contactFor }) as unknown as Shop;
const me = (subscription: object | null) => ({ subscription }) as unknown as Me;
function agreed(...wish: Parameters<typeof termsOfWish>): Terms {
  const terms = termsOfWish(...wish);
  if (!terms) throw new Error('not sold here');
  return terms;
}

const order = (state: Order['state'], payment: object | null = null) => ({ state, payment }) as unknown as Order;

describe('offers', () => {
  it('leaves out what cannot be paid here, and keeps the order of the catalogue', () => {
    const catalogue = { packages: [{ key: 'b' }, { key: 'a' }, { key: 'c' }] };
    const offers = { items: [{ package: 'a', prices: [price('stripe', 1)] }, { package: 'b', prices: [price('stripe', 2)] }, { package: 'c', prices: [] }] };
    expect(forSale(catalogue as never, offers as never).map(({ item }) => item.key)).toEqual(['b', 'a']);
  });

  it('shows one price a currency', () => {
    const shown = pricesShown([price('stars', 100, 'XTR'), price('stripe', 500), price('yookassa', 500)]);
    expect(shown.map(({ provider }) => provider)).toEqual(['stars', 'stripe']);
  });

  it('says what is in it and how long it lasts', () => {
    expect(contentsOf(sale().item, words)).toEqual(['10 раскладов', '5 уточняющих вопросов']);
    expect(contentsOf(month().item, words)[0]).toBe('Расклады каждый день на месяц');
    expect(termsOf(sale({ expires_days: 21 }).item, words)).toEqual(['Действует 21 день']);
    expect(termsOf(sale().item, words)).toEqual(['Не сгорает']);
    expect(termsOf(month().item, words)).toEqual(['До 10 раскладов в день']);
  });

  it('lets a subscription pay until its share of the day is used', () => {
    expect(subscriptionPays(me(null))).toBe(false);
    expect(subscriptionPays(me({ fair_use: null }))).toBe(true);
    expect(subscriptionPays(me({ fair_use: { left: 1 } }))).toBe(true);
    expect(subscriptionPays(me({ fair_use: { left: 0 } }))).toBe(false);
  });
});

describe('a wish', () => {
  it('is an order of what was seen', () => {
    const terms = agreed(sale(), shop(), me(null), { ...choices, provider: 'yookassa' });
    expect(orderOf(sale(), terms, { ...choices, provider: 'yookassa' }, 'moon20')).toEqual({
      package: 'ten', provider: 'yookassa', expected_total: 500, currency: 'RUB', coupon: 'moon20', gift: false, trial: false, renews: false, contact: null,
    });
  });

  it('leaves a coupon out that does not count for it', () => {
    const other = sale({}, { coupon_reason: 'not_for_this' });
    expect(orderOf(other, agreed(other, shop(), me(null), choices), choices, 'moon20')?.coupon).toBeNull();
  });

  it('asks for an address only where the provider needs one, and only for money', () => {
    const terms = agreed(sale(), shop(['stripe']), me(null), choices);
    expect(terms.needsContact).toBe(true);
    expect(orderOf(sale(), terms, choices, null)).toBeNull();
    expect(orderOf(sale(), terms, { ...choices, contact: 'anna@mail.example' }, null)?.contact).toBe('anna@mail.example');
    const free = sale({}, { prices: [price('stripe', 0)] });
    expect(termsOfWish(free, shop(['stripe']), me(null), choices)?.needsContact).toBe(false);
  });

  it('is a trial at no price, or a subscription that renews unless that is switched off', () => {
    const offer = month({ trial: true });
    const trial = agreed(offer, shop(), me(null), { ...choices, trial: true });
    expect([trial.mode, trial.total, trial.mayRenew]).toEqual(['trial', 0, false]);
    expect(orderOf(offer, trial, choices, 'moon20')).toMatchObject({ trial: true, expected_total: 0, coupon: null, renews: false });
    const paid = agreed(offer, shop(), me(null), choices);
    expect(orderOf(offer, paid, choices, null)).toMatchObject({ trial: false, expected_total: 500, renews: true });
    expect(orderOf(offer, paid, { ...choices, renews: false }, null)?.renews).toBe(false);
  });

  it('of a subscription renews only where it is paid in a way that can', () => {
    const offer = month({ prices: [price('stripe', 500), price('stars', 100, 'XTR', false)] });
    const stars = { ...choices, provider: 'stars' };
    const once = agreed(offer, shop(), me(null), stars);
    expect([once.mayRenew, once.paidOnce]).toEqual([false, true]);
    expect(orderOf(offer, once, stars, null)?.renews).toBe(false);
    expect(agreed(offer, shop(), me(null), choices)).toMatchObject({ mayRenew: true, paidOnce: false });
    expect(agreed(sale(), shop(), me(null), choices)).toMatchObject({ mayRenew: false, paidOnce: false });
  });

  it('of somebody with a subscription that renews can only be a gift', () => {
    expect(termsOfWish(month(), shop(), me({ renews: true }), choices)?.mode).toBe('subscribed');
    expect(termsOfWish(month(), shop(), me({ renews: false }), choices)?.mode).toBe('purchase');
    expect(termsOfWish(month(), shop(), me({ renews: true }), { ...choices, gift: true })).toMatchObject({ mode: 'gift', mayRenew: false });
    expect(termsOfWish(sale(), shop(), me({ renews: true }), choices)?.mode).toBe('purchase');
  });
});

describe('couponRefusal', () => {
  const limited = (prices: object[]) => sale({}, { prices, coupon_reason: 'below_minimum', coupon_limit: { amount: 30000, currency: 'RUB' } }).offer;

  it('names the limit where prices of its currency are shown', () => {
    expect(couponRefusal(limited([price('stripe', 500)]), words)).toBe('Промокод действует на пакеты от 300\u00a0₽.');
    expect(couponRefusal(limited([price('stars', 100, 'XTR')]), words)).toBe('Промокод действует на пакеты подороже.');
    expect(couponRefusal(sale().offer, words)).toBeNull();
  });
});

describe('a gift by a link', () => {
  it('is kept, and begins the screen anew', () => {
    const heard: number[] = [];
    const leave = onGiftArrival(() => heard.push(giftArrivals()));
    receiveGift('luna', 'gift_Ab-c_1');
    receiveGift('luna', 'gift_Ab-c_2');
    leave();
    receiveGift('luna', 'gift_Ab-c_3');
    expect(heard).toEqual([1, 2]);
    expect(keptGiftCode('luna')).toBe('Ab-c_3');
  });
});

describe('readContact', () => {
  it.each([
    [' anna@mail.example ', 'anna@mail.example'],
    ['8 (926) 123-45-67', '+79261234567'],
    ['+44 20 7946 0958', '+442079460958'],
    ['anna@mail', null],
    ['12345', null],
    ['', null],
  ])('%s', (text, contact) => expect(readContact(text)).toBe(contact));
});

describe('stageOf', () => {
  const started = { state: 'started', failure: null };
  it.each([
    ['an attempt that has begun is waited for', order('pending', started), null, 'waiting'],
    ['also when Telegram says that it was paid', order('pending', started), 'paid', 'waiting'],
    ['a closed invoice is not paid', order('pending', started), 'cancelled', 'unpaid'],
    ['a refused attempt has failed', order('pending', { state: 'failed' }), 'failed', 'failed'],
    ['while another one is open, it is waited for', order('pending', { state: 'failed' }), 'open', 'waiting'],
    ['an attempt that never began is not paid', order('pending', { state: 'new' }), null, 'unpaid'],
    ['what the order says is true, however the invoice was closed', order('paid', { state: 'paid' }), 'cancelled', 'paid'],
    ['an order that is over', order('expired', started), 'paid', 'expired'],
    ['what went back in part is no cause for thanks', { ...order('paid', { state: 'paid' }), refunded_amount: 100 }, null, 'partly'],
  ] as const)('%s', (_name, given, way, stage) => expect(stageOf(given, way)).toBe(stage));

  it('is asked for less and less often, and not at all when it is decided', () => {
    expect([0, 30_000, 300_000].map((waited) => pollDelay(order('pending'), waited))).toEqual([1_500, 4_000, 15_000]);
    expect(pollDelay(order('paid'), 0)).toBe(false);
    expect(pollDelay(undefined, 0)).toBe(false);
  });
});

describe('BegunStore', () => {
  beforeEach(() => localStorage.clear());

  it('keeps the words of one person for a day', () => {
    const anna = new BegunStore('luna', 'nobody', 'anna');
    anna.keep({ spread: 'three-cards', words: 'Что дальше?' });
    expect(anna.read()).toEqual({ spread: 'three-cards', words: 'Что дальше?' });
    expect(anna.read(Date.now() + 25 * 3_600_000)).toBeNull();
    expect(anna.read()).toBeNull();
  });

  it('shows them to nobody else', () => {
    new BegunStore('luna', 'nobody', 'anna').keep({ spread: 'three-cards', words: 'Что дальше?' });
    expect(new BegunStore('verbena', 'nobody', 'anna').read()).toBeNull();
    expect(new BegunStore('luna', 'nobody', 'vera').read()).toBeNull();
    expect(localStorage.length).toBe(0);
  });

  it('does not lose words to a second look at the same spread', () => {
    const store = new BegunStore('luna', 'nobody', 'anna');
    store.keep({ spread: 'three-cards', words: 'Что дальше?' });
    store.keep({ spread: 'three-cards', words: '' });
    expect(store.read()?.words).toBe('Что дальше?');
    store.keep({ reading: 'one', words: '' });
    expect(store.read()).toEqual({ reading: 'one', words: '' });
    forgetBegun('luna', 'nobody');
    expect(store.read()).toBeNull();
  });

  it('bears a broken entry', () => {
    localStorage.setItem('arcana:luna:nobody:begun', '{');
    expect(new BegunStore('luna', 'nobody', 'anna').read()).toBeNull();
  });
});

describe('links', () => {
  it.each([
    ['https://t.me/$kJNF_S331', 'kJNF_S331'],
    ['https://t.me/invoice/kJNFS331', 'kJNFS331'],
    ['http://127.0.0.1:8001/sandbox/$abc', 'abc'],
    ['https://t.me/luna_bot', null],
  ])('%s names an invoice', (url, slug) => expect(invoiceSlug(url)).toBe(slug));

  it.each([
    ['gift_Ab-c_1', 'Ab-c_1'],
    ['Ab-c_1', 'Ab-c_1'],
    [' https://t.me/luna_bot?startapp=gift_Ab-c_1', 'Ab-c_1'],
    ['https://arcana.example/luna/#gift=Ab-c_1', 'Ab-c_1'],
    ['what is this?', null],
    [null, null],
  ])('%s holds the code of a gift', (text, code) => expect(readGiftCode(text)).toBe(code));

  it('takes the code out of the address', () => {
    history.replaceState(null, '', '/luna/#gift=Ab-c_1');
    expect(takeGiftLink(window)).toBe('gift_Ab-c_1');
    expect(location.hash).toBe('');
    expect(takeGiftLink(window)).toBeNull();
    expect(isGiftLink('gift_Ab')).toBe(true);
    expect(isGiftLink('ref_Ab')).toBe(false);
  });
});
