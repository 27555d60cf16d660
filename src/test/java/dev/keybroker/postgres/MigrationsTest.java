package dev.keybroker.postgres;

import static java.util.stream.Collectors.toSet;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The rules for the schema, kept by every migration (`src/docs/decisions/0004-schema.md`).
class MigrationsTest {
  private static final Path FOLDER = Path.of("src/main/resources/db/migration");

  /// Statements that a reviewer has let pass, as [Migration#breaches()] prints them, each with a
  /// comment: since which version nothing uses what goes, or why the older version's writes fit.
  private static final Set<String> REVIEWED =
      Set.of(
          // Only in the table's definition, for days to come: no row is read, and the lock is held
          // for no longer than the statement.
          "create index audit_record_kek on only audit_record (kek, action, time) where outcome ="
              + " 'granted' and kek is not null",
          // Likewise.
          "create index audit_record_verification on only audit_record (time, chain) where action ="
              + " 'verifychains'",
          // The triggers note changes, with the owner's rights, and refuse none. Creating one waits
          // for running writers only.
          "create trigger kek_update_noted after update on kek for each row"
              + " when (old.state <> 'pending_generation' or new.state <> 'pending_generation')"
              + " execute function kek_change_note()",
          "create trigger kek_insert_noted after insert on kek for each row"
              + " when (new.state <> 'pending_generation') execute function kek_change_note()",
          "create trigger kek_delete_noted after delete on kek for each row"
              + " execute function kek_change_note()",
          "create trigger keystore_update_noted after update on keystore for each row"
              + " when (old.version <> new.version or old.on_kms_outage <> new.on_kms_outage"
              + " or old.private_kek_lifetime_millis <> new.private_kek_lifetime_millis)"
              + " execute function kek_change_note()",
          "create trigger keystore_delete_noted after delete on keystore for each row"
              + " execute function kek_change_note()",
          // Erases copies of a key that is erased, with the owner's rights, and refuses nothing.
          "create trigger kek_former_erased after update on kek for each row when"
              + " (new.encrypted_private_key is null and old.encrypted_private_key is not null)"
              + " execute function kek_erase_former()",
          // Takes and returns what it did, with a stronger lock.
          "create or replace function audit_make_day(day date) returns void language plpgsql"
              + " security definer set search_path = \"${flyway:defaultschema}\", pg_temp as"
              + " body",
          // Note grants, with the owner's rights, and refuse nothing.
          "create trigger kek_grant_less_needed after update on kek for each row when"
              + " (old.grant_id is not null and old.encrypted_private_key is not null and"
              + " new.encrypted_private_key is null) execute function grant_less_needed('id')",
          "create trigger former_grant_less_needed after update on former_private_key for each row"
              + " when (old.grant_id is not null and old.encrypted_private_key is not null and"
              + " (new.encrypted_private_key is null or new.grant_id is distinct from"
              + " old.grant_id)) execute function grant_less_needed('kek')",
          // Into a new table.
          "insert into grant_retirement (root_key_arn, grant_id, tenant, keystore) select"
              + " root_key_arn, grant_id, tenant, keystore from kek where grant_id is not null and"
              + " state = 'destroyed' on conflict do nothing",
          // Of rows that are few, in a small table.
          "create index keystore_deleted on keystore (delete_time)"
              + " where delete_time is not null");

  @Test
  void everyMigration_leavesTheVersionBeforeWorking_orIsReviewed() throws IOException {
    Set<String> breaches = new TreeSet<>();
    try (Stream<Path> files = Files.list(FOLDER)) {
      List<Path> migrations = files.sorted().toList();
      assertFalse(migrations.isEmpty());
      assertEquals(
          Set.copyOf(Migrations.FILES),
          migrations.stream().map(it -> it.getFileName().toString()).collect(toSet()),
          "the command migrate knows every migration");
      for (Path file : migrations) {
        assertTrue(file.getFileName().toString().matches("V\\d+__\\w+\\.sql"), file.toString());
        breaches.addAll(Migration.of(Files.readString(file)).breaches());
      }
    }

    assertEquals(new TreeSet<>(REVIEWED), breaches);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "create table pet (id int not null primary key, tenant text references tenant (id))",
        "create table pet (id int); create unique index pet_id on pet (id)",
        "create index concurrently kek_spec on kek (spec)",
        "alter table kek add column note text",
        "alter table kek add column tries int not null default 0",
        "-- drop table kek;\nALTER TABLE kek\n  ADD COLUMN note text",
        "comment on column kek.spec is 'its kind'",
        "create function sum(a int) returns void as $$ begin drop table kek; end $$",
      })
  void additions_areSafe(String sql) {
    assertEquals(List.of(), Migration.of(sql).breaches());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "drop table kek",
        "alter table kek drop column spec",
        "alter table kek rename column spec to kind",
        "alter table kek rename to key_pair",
        "alter table kek alter column role_arn set not null",
        "alter table kek alter column spec type int",
        "alter table kek add column note text not null",
        "alter table kek add column note text unique",
        "alter table kek add column note text check (note <> '')",
        "alter table kek add column note text, drop column spec",
        "alter table kek add constraint spec_known check (spec <> '')",
        "create index kek_spec on kek (spec)",
        "create unique index concurrently kek_spec on kek (spec)",
        "update kek set spec = 'other'",
        "delete from kek",
        "create or replace function audit_make_day(day date) returns void as body",
        "create trigger checked before insert on kek execute function refuse()",
      })
  void whatAnOlderVersionMayFailOn_isABreach(String sql) {
    assertEquals(List.of(sql), Migration.of(sql).breaches());
  }
}
