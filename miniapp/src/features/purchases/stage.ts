import type { Order } from '@/api/types';
import type { InvoiceEnd } from '@/platform';

/** `open`: the page or the invoice is before the person now. */
export type Way = InvoiceEnd | 'open';

/** What the screen of an order is about. */
export type Stage = 'waiting' | 'unpaid' | 'failed' | 'expired' | 'canceled' | 'paid' | 'partly' | 'refunded';

/** The order's state is the truth; `way`, how the payment's window was closed, only words what is not decided yet. */
export function stageOf(order: Order, way: Way | null): Stage {
  if (order.state === 'paid') return order.refunded_amount > 0 ? 'partly' : 'paid';
  if (order.state !== 'pending') return order.state;
  if (order.payment?.state === 'failed' && way !== 'open') return 'failed';
  if (!order.payment || order.payment.state === 'new') return way === 'open' ? 'waiting' : 'unpaid';
  return way === 'cancelled' || way === 'failed' ? 'unpaid' : 'waiting';
}

const QUICK = 20_000;
const PATIENT = 120_000;

/** Milliseconds until the order is asked for again, or false when there is nothing to wait for any more. */
export function pollDelay(order: Order | undefined, waited: number): number | false {
  if (order?.state !== 'pending') return false;
  if (waited < QUICK) return 1_500;
  return waited < PATIENT ? 4_000 : 15_000;
}
