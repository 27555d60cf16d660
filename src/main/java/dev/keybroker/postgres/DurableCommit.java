package dev.keybroker.postgres;

/// The setting that makes a commit durable before it is confirmed.
///
/// A role, a database or a server may set `synchronous_commit` to a value that confirms commits
/// earlier (`off`, `local`, `remote_write`). If a crash or failover loses a KEK's row, everything
/// wrapped under that KEK is lost too, so its transactions raise the setting to `on`. The stricter
/// `remote_apply` stays.
public final class DurableCommit {
  private static final String SETTING =
      """
      set_config('synchronous_commit',
          case current_setting('synchronous_commit')
            when 'remote_apply' then 'remote_apply' else 'on' end, %s)\
      """;

  /// An SQL expression that raises the setting until the session ends.
  public static final String IN_SESSION = SETTING.formatted("false");

  /// An SQL expression that raises the setting until the transaction ends.
  public static final String IN_TRANSACTION = SETTING.formatted("true");

  private DurableCommit() {}
}
