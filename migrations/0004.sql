-- The images that were built of a release, by digest, a line each; empty if none was.
alter table release add column images text not null default '';
