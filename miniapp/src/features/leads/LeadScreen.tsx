import { type SubmitEvent, useId, useState } from 'react';
import { isCode } from '@/api/errors';
import { useMe } from '@/api/queries';
import { useServices } from '@/app/services';
import { type MessageKey, useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { classes } from '@/ui/classes';
import { Screen } from '@/ui/Screen';
import { ErrorNote } from '@/ui/State';
import { ABOUT_LIMIT, type LeadField, type LeadForm, NAME_LIMIT, PHONE_LIMIT, type Problem, type Problems, problemsOf } from './form';
import { LeadDone } from './LeadDone';
import styles from './LeadScreen.module.css';
import { useDraft, useLeaveRequest } from './useLeaveRequest';

const FIELDS: readonly LeadField[] = ['name', 'phone', 'about'];
/** From here on the person sees how much room is left. */
const FEW_LEFT = 100;

const LABELS = { name: 'lead.name', phone: 'lead.phone', about: 'lead.about' } as const;
const COMPLAINTS: Record<LeadField, Record<Problem, MessageKey>> = {
  name: { empty: 'lead.problem_name', unclear: 'lead.problem_name' },
  phone: { empty: 'lead.problem_no_phone', unclear: 'lead.problem_phone' },
  about: { empty: 'lead.problem_about', unclear: 'lead.problem_about' },
};

export default function LeadScreen() {
  const { t } = useTranslation();
  const { platform } = useServices();
  const me = useMe();
  const leave = useLeaveRequest();
  const draft = useDraft();
  const form = useId();
  const [given, setGiven] = useState(draft.read);
  const [problems, setProblems] = useState<Problems>({});
  const value: LeadForm = { name: me.data?.user.first_name ?? '', phone: '', about: '', ...given };
  const left = ABOUT_LIMIT - value.about.length;

  function complain(found: Problems): void {
    setProblems(found);
    platform.haptic('warning');
    const first = FIELDS.find((name) => found[name]);
    document.getElementById(`${form}-${first}`)?.focus();
  }

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    if (leave.isPending) return;
    const found = problemsOf(value);
    if (Object.keys(found).length > 0) {
      complain(found);
      return;
    }
    leave.mutate(value, {
      onSuccess: () => {
        draft.drop();
        platform.haptic('success');
      },
      onError: (error) => {
        if (isCode(error, 'phone_invalid')) complain({ phone: 'unclear' });
      },
    });
  }

  if (leave.isSuccess) return <LeadDone lead={leave.data} />;

  const field = (name: LeadField) => ({
    id: `${form}-${name}`,
    value: value[name],
    // Not `disabled`: the field that is being written in keeps its focus, and the keyboard its place.
    readOnly: leave.isPending,
    'aria-invalid': problems[name] ? true : undefined,
    'aria-describedby': problems[name] ? `${form}-${name}-problem` : undefined,
    onChange: (event: { target: { value: string } }) => {
      const next = { ...given, [name]: event.target.value };
      setGiven(next);
      draft.write(next);
      setProblems({ ...problems, [name]: undefined });
    },
  });
  const label = (name: LeadField) => <label htmlFor={`${form}-${name}`}>{t(LABELS[name])}</label>;
  const problem = (name: LeadField) => {
    const found = problems[name];
    return found ? (
      <p id={`${form}-${name}-problem`} role="alert" className={styles.problem}>
        {t(COMPLAINTS[name][found])}
      </p>
    ) : null;
  };

  return (
    <Screen
      title={t('lead.title')}
      foot={
        <>
          {leave.isError && !isCode(leave.error, 'phone_invalid') ? <ErrorNote error={leave.error} /> : null}
          <Button wide type="submit" form={form} busy={leave.isPending}>
            {t('lead.submit')}
          </Button>
        </>
      }
    >
      <h1>{t('lead.title')}</h1>
      <p className={styles.lead}>{t('lead.lead')}</p>
      <form id={form} className={styles.form} onSubmit={submit} noValidate>
        <div className={styles.row}>
          {label('name')}
          <input {...field('name')} className={styles.field} maxLength={NAME_LIMIT} autoComplete="name" enterKeyHint="next" />
          {problem('name')}
        </div>
        <div className={styles.row}>
          {label('phone')}
          <input
            {...field('phone')}
            className={styles.field}
            type="tel"
            maxLength={PHONE_LIMIT}
            autoComplete="tel"
            enterKeyHint="next"
            placeholder={t('lead.phone_placeholder')}
          />
          {problem('phone')}
        </div>
        <div className={styles.row}>
          {label('about')}
          <textarea
            {...field('about')}
            className={classes(styles.field, styles.about)}
            maxLength={ABOUT_LIMIT}
            placeholder={t('lead.about_placeholder')}
          />
          {left <= FEW_LEFT ? (
            <span className={styles.left} role="status">
              {t('question.left', { count: left })}
            </span>
          ) : null}
          {problem('about')}
        </div>
        <p className={styles.discreet}>{t('lead.discreet')}</p>
      </form>
    </Screen>
  );
}
