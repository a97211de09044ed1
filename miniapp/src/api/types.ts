import type { paths } from './schema';

/** Named by route and not by component, so that a renamed schema in the backend moves nothing here. */
type Answer<Path extends keyof paths, Method extends keyof paths[Path]> = paths[Path][Method] extends {
  responses: infer Responses;
}
  ? {
      [Status in keyof Responses]: Status extends 200 | 201
        ? Responses[Status] extends { content: { 'application/json': infer Body } }
          ? Body
          : never
        : never;
    }[keyof Responses]
  : never;

type Input<Path extends keyof paths, Method extends keyof paths[Path]> = paths[Path][Method] extends {
  requestBody: { content: { 'application/json': infer Body } };
}
  ? Body
  : never;

export type Catalogue = Answer<'/api/v1/projects/{slug}/catalogue', 'get'>;
export type Spread = Catalogue['spreads'][number];
export type Package = Catalogue['packages'][number];
export type Session = Answer<'/api/v1/auth/refresh', 'post'>;
export type Me = Answer<'/api/v1/me', 'get'>;
export type User = Me['user'];
export type MeChanges = Input<'/api/v1/me', 'patch'>;
export type Reading = Answer<'/api/v1/readings/{reading_id}', 'get'>;
export type Position = Reading['positions'][number];
export type Drawn = Reading['cards'][number];
export type Picture = NonNullable<Drawn['card']['picture']>;
export type Question = Reading['questions'][number];
export type Rating = NonNullable<Reading['rating']>;
export type ReadingPage = Answer<'/api/v1/readings', 'get'>;
export type ReadingSummary = ReadingPage['items'][number];
export type Inbox = Answer<'/api/v1/notifications', 'get'>;
export type Notification = Inbox['items'][number];
export type NotificationWishes = Answer<'/api/v1/me/notifications', 'get'>;
export type NotificationWishesChanges = Input<'/api/v1/me/notifications', 'patch'>;
export type Shop = Answer<'/api/v1/shop', 'get'>;
export type Offer = Shop['items'][number];
export type Price = Offer['prices'][number];
export type NewOrder = Input<'/api/v1/orders', 'post'>;
export type Placed = Answer<'/api/v1/orders', 'post'>;
export type Again = Input<'/api/v1/orders/{order_id}/pay', 'post'>;
export type Order = Answer<'/api/v1/orders/{order_id}', 'get'>;
export type Payment = NonNullable<Order['payment']>;
export type Orders = Answer<'/api/v1/orders', 'get'>;
export type Subscription = NonNullable<Answer<'/api/v1/subscription', 'get'>['subscription']>;
export type Gift = Answer<'/api/v1/gifts', 'get'>['items'][number];
export type OpenedGift = Answer<'/api/v1/gifts/{code}/redeem', 'post'>;
export type Proof = Answer<'/api/v1/readings/{reading_id}/proof', 'get'>;
