import { useQuery } from '@tanstack/react-query';
import { unwrap } from '@/api/client';
import { isCode } from '@/api/errors';
import { keys, useReading } from '@/api/queries';
import type { Proof } from '@/api/types';
import { useServices } from '@/app/services';
import { useTranslation } from '@/i18n';
import { classes } from '@/ui/classes';
import { Icon } from '@/ui/Icon';
import { Screen } from '@/ui/Screen';
import { ErrorState, Skeleton, State } from '@/ui/State';
import styles from './ProofScreen.module.css';
import { type Verdict, verifyDraw } from './verify';

/** The draw recomputed on this device from what the server publishes, against the seal and the cards seen before. */
export default function ProofScreen({ id }: { id: string }) {
  const { t } = useTranslation();
  const { api } = useServices();
  const reading = useReading(id);
  const check = useQuery({
    queryKey: [...keys.proof(id), reading.data?.state],
    enabled: reading.data !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => {
      const proof = await unwrap(
        api.GET('/api/v1/readings/{reading_id}/proof', { params: { path: { reading_id: id } }, signal }),
      );
      const shown = reading.data?.cards.map(({ card, reversed }) => ({ card: card.key, reversed })) ?? null;
      const drawn = shown && shown.length > 0 ? shown : null;
      return { proof, verdict: await verifyDraw(proof, drawn, reading.data?.commitment) };
    },
  });
  const error = reading.error ?? check.error;

  return (
    <Screen title={t('proof.title')}>
      <h1>{t('proof.title')}</h1>
      {isCode(error, 'reading_not_finished') ? (
        <State icon="lock" title={t('proof.title')} text={t('proof.wait')} />
      ) : error ? (
        <ErrorState error={error} onRetry={() => void (reading.isError ? reading.refetch() : check.refetch())} />
      ) : (
        <>
          <p className={styles.lead}>{t('proof.lead')}</p>
          {check.data ? (
            <Result proof={check.data.proof} verdict={check.data.verdict} />
          ) : (
            <div className={styles.verdict} role="status">
              <Skeleton height={72} width={72} />
              <p>{t('proof.checking')}</p>
            </div>
          )}
        </>
      )}
    </Screen>
  );
}

function Result({ proof, verdict }: { proof: Proof; verdict: Verdict }) {
  const { t } = useTranslation();
  return (
    <>
      <div className={classes(styles.verdict, verdict.fair ? styles.good : styles.bad)} role="status">
        <div className={styles.sign}>
          <Icon name={verdict.fair ? 'check' : 'cross'} size={38} />
        </div>
        <h2>{t(verdict.fair ? 'proof.good' : 'proof.bad')}</h2>
        <p>{t(verdict.fair ? 'proof.good_text' : 'proof.bad_text')}</p>
      </div>
      <ul className={styles.steps}>
        <Step passed={verdict.sealFits} text={t('proof.step_seal')} />
        <Step passed={verdict.orderFits} text={t('proof.step_order')} />
        {proof.picks ? <Step passed={verdict.cardsFit} text={t('proof.step_cards')} /> : null}
      </ul>
      <details className={styles.details}>
        <summary>{t('proof.details')}</summary>
        <dl className={styles.numbers}>
          <Entry name={t('proof.commitment')} value={proof.commitment} />
          <Entry name={t('proof.seed')} value={proof.seed} />
          <Entry name={t('proof.client_seed')} value={proof.client_seed || '—'} />
          <Entry name={t('proof.picks')} value={proof.picks?.map((place) => place + 1).join(', ') ?? '—'} />
          <Entry name={t('proof.reading')} value={proof.reading} />
        </dl>
      </details>
    </>
  );
}

function Step({ passed, text }: { passed: boolean; text: string }) {
  return (
    <li className={classes(styles.step, passed ? styles.passed : styles.failed)}>
      <Icon name={passed ? 'check' : 'cross'} />
      {text}
    </li>
  );
}

function Entry({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
