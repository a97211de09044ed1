import { type SubmitEvent, useId, useState } from 'react';
import { isCode } from '@/api/errors';
import { useMe } from '@/api/queries';
import { useRouter } from '@/app/router';
import { useServices } from '@/app/services';
import { useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { classes } from '@/ui/classes';
import { Screen } from '@/ui/Screen';
import { ErrorNote, State } from '@/ui/State';
import { ABOUT_LIMIT, type LeadField, type LeadForm, missing, NAME_LIMIT, PHONE_LIMIT } from './form';
import styles from './LeadScreen.module.css';
import { useLeaveRequest } from './useLeaveRequest';

const PROBLEMS = { name: 'lead.problem_name', phone: 'lead.problem_phone', about: 'lead.problem_about' } as const;

export default function LeadScreen() {
  const { t } = useTranslation();
  const router = useRouter();
  const { platform } = useServices();
  const me = useMe();
  const leave = useLeaveRequest();
  const form = useId();
  const [given, setGiven] = useState<Partial<LeadForm>>({});
  const [problems, setProblems] = useState<readonly LeadField[]>([]);
  const value: LeadForm = { name: me.data?.user.first_name ?? '', phone: '', about: '', ...given };

  function submit(event?: SubmitEvent): void {
    event?.preventDefault();
    const lacking = missing(value);
    setProblems(lacking);
    if (lacking[0]) {
      document.getElementById(`${form}-${lacking[0]}`)?.focus();
      return;
    }
    leave.mutate(value, {
      onSuccess: () => platform.haptic('success'),
      onError: (error) => {
        if (isCode(error, 'phone_invalid')) setProblems(['phone']);
      },
    });
  }

  if (leave.isSuccess) {
    return (
      <Screen title={t('lead.title')}>
        <div role="status" style={{ display: 'contents' }}>
          <State icon="check" title={t('lead.done_title')} text={t('lead.done')}>
            <Button onClick={() => router.go({ name: 'home' }, { replace: true })}>{t('action.home')}</Button>
          </State>
        </div>
      </Screen>
    );
  }

  const field = (name: LeadField) => ({
    id: `${form}-${name}`,
    value: value[name],
    disabled: leave.isPending,
    'aria-invalid': problems.includes(name) || undefined,
    'aria-describedby': problems.includes(name) ? `${form}-${name}-problem` : undefined,
    onChange: (event: { target: { value: string } }) => {
      setGiven({ ...given, [name]: event.target.value });
      setProblems(problems.filter((problem) => problem !== name));
    },
  });
  const problem = (name: LeadField) =>
    problems.includes(name) ? (
      <span id={`${form}-${name}-problem`} role="alert" className={styles.problem}>
        {t(PROBLEMS[name])}
      </span>
    ) : null;

  return (
    <Screen
      title={t('lead.title')}
      foot={
        <>
          {leave.isError && !isCode(leave.error, 'phone_invalid') ? <ErrorNote error={leave.error} onRetry={submit} /> : null}
          <Button wide type="submit" form={form} busy={leave.isPending}>
            {t('lead.submit')}
          </Button>
        </>
      }
    >
      <h1>{t('lead.title')}</h1>
      <p className={styles.lead}>{t('lead.lead')}</p>
      <form id={form} className={styles.form} onSubmit={submit} noValidate>
        <label className={styles.row} htmlFor={`${form}-name`}>
          {t('lead.name')}
          <input {...field('name')} className={styles.field} maxLength={NAME_LIMIT} autoComplete="name" />
          {problem('name')}
        </label>
        <label className={styles.row} htmlFor={`${form}-phone`}>
          {t('lead.phone')}
          <input
            {...field('phone')}
            className={styles.field}
            type="tel"
            maxLength={PHONE_LIMIT}
            autoComplete="tel"
            placeholder={t('lead.phone_placeholder')}
          />
          {problem('phone')}
        </label>
        <label className={styles.row} htmlFor={`${form}-about`}>
          {t('lead.about')}
          <textarea
            {...field('about')}
            className={classes(styles.field, styles.about)}
            maxLength={ABOUT_LIMIT}
            placeholder={t('lead.about_placeholder')}
          />
          {problem('about')}
        </label>
      </form>
    </Screen>
  );
}
