import { useState } from 'preact/hooks';
import { failureOf } from '../lib/api';
import { Button, Dialog } from '../lib/components';
import { sayProblem } from '../lib/failure';
import { t } from '../lib/i18n';
import type { Reply, RosterProblem } from '../lib/types';
import { Field, useAction, Wrong } from './parts';
import { failureText, guard } from './state';

interface Props {
  /** The texts that count what is in the file. */
  words: { ready: string; do: string; done: string };
  columns: string;
  hint?: string;
  /** What the list does not name may end. */
  whole?: boolean;
  send: (file: File, mode: { check?: boolean; complete?: boolean }) => Promise<Reply>;
  onDone: () => void;
  onClose: () => void;
}

/** A file of many lines: read and checked first, taken over by a second press. Anything wrong in it changes nothing. */
export function Import({ words, columns, hint, whole, send, onDone, onClose }: Props) {
  const [file, setFile] = useState<File | undefined>();
  const [count, setCount] = useState<number | undefined>();
  const [problems, setProblems] = useState<RosterProblem[]>([]);
  const [more, setMore] = useState(0);
  const [complete, setComplete] = useState(false);
  const [saved, setSaved] = useState<number | undefined>();
  const { busy, wrong, run, setWrong } = useAction();

  const told = async (check: boolean, f: File) => {
    setProblems([]);
    setMore(0);
    try {
      const reply = await guard(send(f, check ? { check } : { complete }));
      if (check) setCount(reply.saved ?? 0);
      else {
        setSaved(reply.saved ?? 0);
        onDone();
      }
    } catch (e) {
      const f = failureOf(e);
      setCount(undefined);
      if (f.problems.length === 0) throw new Error(failureText(e));
      setProblems(f.problems);
      setMore(f.more);
    }
  };
  return (
    <Dialog
      wide
      title={t('manager.import')}
      onClose={onClose}
      actions={saved === undefined ? (
        <>
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button kind="primary" busy={busy} disabled={!file || !count} onClick={() => file && void run(() => told(false, file))}>
            {count ? t(words.do, { count }) : t('manager.import.do.none')}
          </Button>
        </>
      ) : <Button kind="primary" onClick={onClose}>{t('close')}</Button>}
    >
      {saved !== undefined ? (
        <p role="status" class="banner ok">{t(words.done, { count: saved })}</p>
      ) : (
        <div class="stack">
          <p>{t('manager.import.text')}</p>
          <p class="mono columns">{columns}</p>
          {hint && <p class="soft">{hint}</p>}
          <Field label={t('manager.import.file')}>
            {(a) => (
              <input
                {...a}
                class="input"
                type="file"
                accept=".csv,text/csv"
                onChange={(e) => {
                  const f = e.currentTarget.files?.[0];
                  setFile(f);
                  setCount(undefined);
                  setWrong('');
                  if (f) void run(() => told(true, f));
                }}
              />
            )}
          </Field>
          {whole && (
            <label class="choice">
              <input type="checkbox" checked={complete} onChange={(e) => setComplete(e.currentTarget.checked)} />
              <span><strong>{t('manager.import.complete')}</strong> <span class="soft">{t('manager.import.complete.hint')}</span></span>
            </label>
          )}
          <div role="status" class="import-word">
            {busy && <p>{t('loading')}</p>}
            {!busy && count !== undefined && <p class="banner ok">{t(words.ready, { count })}</p>}
          </div>
          {problems.length > 0 && (
            <div role="alert">
              <p class="banner bad">{t('manager.import.wrong', { count: problems.length + more })}</p>
              <ol class="problems">
                {problems.map((p, i) => (
                  <li key={i}>
                    <strong>{t('manager.import.line', { line: p.line })}</strong>
                    {p.column && <span class="mono">{p.column}</span>}
                    <span>{sayProblem(p)}</span>
                  </li>
                ))}
              </ol>
              {more > 0 && <p>{t('manager.import.more', { count: more })}</p>}
            </div>
          )}
          <Wrong text={wrong} />
        </div>
      )}
    </Dialog>
  );
}
