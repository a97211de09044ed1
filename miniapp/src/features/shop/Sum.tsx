import type { Order, Price } from '@/api/types';
import { useTranslation } from '@/i18n';
import { classes } from '@/ui/classes';
import styles from './Sum.module.css';

/** How the sum comes about: the price, what was taken off it, and what is paid. */
export function Sum({ price, coupon }: { price: Pick<Price | Order, 'regular' | 'price' | 'discount' | 'total' | 'currency'>; coupon: string | null }) {
  const { t, money } = useTranslation();
  const sum = (amount: number) => money(amount, price.currency);
  const sale = price.regular - price.price;
  return (
    <dl className={styles.sum}>
      {sale > 0 || price.discount > 0 ? (
        <div className={styles.row}>
          <dt>{t('sum.price')}</dt>
          <dd>{sum(price.regular)}</dd>
        </div>
      ) : null}
      {sale > 0 ? (
        <div className={classes(styles.row, styles.off)}>
          <dt>{t('sum.sale')}</dt>
          <dd>−{sum(sale)}</dd>
        </div>
      ) : null}
      {price.discount > 0 ? (
        <div className={classes(styles.row, styles.off)}>
          <dt>{coupon ? t('sum.coupon', { code: coupon.toUpperCase() }) : t('sum.discount')}</dt>
          <dd>−{sum(price.discount)}</dd>
        </div>
      ) : null}
      <div className={classes(styles.row, styles.total)}>
        <dt>{t('sum.total')}</dt>
        <dd>{sum(price.total)}</dd>
      </div>
    </dl>
  );
}
