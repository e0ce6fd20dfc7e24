import { Link } from 'react-router';
import { executionUrl } from '../app/urls';
import { aroundExecution } from './locks';

/** What a stage waits for; an execution that it names is a link. */
export function WaitText({ application, children }: { application: string; children: string }) {
  const parts = aroundExecution(children);
  if (!parts) return <>{children}</>;
  const [before, id, behind] = parts;
  return (
    <>
      {before}
      <Link to={executionUrl(application, id)} className="mono">
        {id}
      </Link>
      {behind}
    </>
  );
}
