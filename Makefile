# The one door. `make help` says what it opens.
MAKEFLAGS += --no-builtin-rules  # only the rules below make a program
CFLAGS ?= -O2 -g
KIT_CFLAGS = -std=c17 -Wall -Wextra -Wpedantic -Wshadow -Wconversion
# CC, HOW, SEED and their kind it finds in its environment.
LAB = PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 PYTHONCOERCECLOCALE=0 \
	python3 -m lab
quoted = '$(subst ','\'',$(1))'
NN = $(call quoted,$*)

sources := $(wildcard chapters/[0-9]*/*.c chapters/[0-9]*/*/*.c)
common := $(wildcard chapters/common/*)
posix := $(patsubst %.c,%,$(shell grep -L '<winsock2.h>' $(sources)))
winsock := $(patsubst %.c,%.exe,$(shell grep -l '<winsock2.h>' $(sources)))
MINGW = x86_64-w64-mingw32-gcc
mingw := $(shell command -v $(MINGW) 2>&1)
numbers := $(sort $(foreach d,$(wildcard chapters/[0-9]*/),\
	$(firstword $(subst -, ,$(notdir $(d:/=))))))

needed = $(if $(shell grep -l '"../common/' $(1)),$(filter %.c,$(common)))

all: $(posix) $(if $(mingw),$(winsock)) ## build every chapter, beside its sources

$(posix): %: %.c $(common)
	$(CC) $(KIT_CFLAGS) $(CFLAGS) $< $(call needed,$<) -o $@

$(winsock): %.exe: %.c
	$(if $(mingw),,$(error no $(MINGW) here: install gcc-mingw-w64-x86-64))
	$(MINGW) $(KIT_CFLAGS) $(CFLAGS) $< -o $@ -lws2_32

.SECONDEXPANSION:
$(numbers): $$(filter chapters/$$@-%,$(posix) $(winsock)) ## build one chapter: make 03

help: ## say what there is
	@sed -n '/^[^	 ]*:.* ## /s/\([^:]*\):.* ## /\1	/p' Makefile | \
	    sed 's/$$(numbers)/NN/; s/%/NN/' | \
	    while IFS='	' read -r name words; do \
	    printf '  make %-10s %s\n' "$$name" "$$words"; done

demo: ## half-close in two minutes: 01, 02 and 03, seen on the wire
	@$(LAB) demo

trace-%: ## draw a chapter's conversation; HOW=rd one way; PEER=silent one cell
	@$(LAB) trace $(NN)

test: ## run all tests (gets pytest itself)
	@sh tests/run

test-%: ## run what checks one chapter: make test-03
	@sh tests/run --chapter=$(NN)

soak: ## the long forms of the tests: 300 kills, larger files, every fault
	@sh tests/run --soak

check-%: ## judge your answer in exercises/NN-name/: make check-01
	@$(LAB) check $(NN)

watch-%: ## judge it again at every save, until all is green
	@$(LAB) watch $(NN)

hint-%: ## one hint more each time you ask: make hint-01
	@$(LAB) hint $(NN)

reset-%: ## the starter again; your file is kept beside it
	@$(LAB) reset $(NN)

score: ## all exercises at a glance
	@$(LAB) score

grade: ## grade a class: SUBMISSIONS=folder, and EXERCISE, OUT, JOBS, SEED
	@$(LAB) grade

regrade: ## grade one of them anew: SUBMISSIONS=folder STUDENT=name
	@$(LAB) regrade

gradescope: ## pack the zip that Gradescope's autograder takes: EXERCISE=01
	@$(LAB) gradescope

handout: ## pack the kit as students get it, without an answer in it
	@$(LAB) handout

wires: ## draw every chapter's wire.svg anew, from fresh captures
	@$(LAB) wires

matrix: ## measure what each program survives, and write it into README.md
	@$(LAB) matrix

matrix-%: ## one row of the matrix, with its reasons: make matrix-03
	@$(LAB) matrix $(NN)

doctor: ## tell what this machine can and can't do, and what to install
	@$(LAB) doctor

clean: ## remove what was built
	rm -rf $(posix) $(winsock) tests/.venv tests/.built

# With -B make would remake these too.
Makefile $(sources) $(common): ;

.DEFAULT:
	@printf "make: there is no '%s' here; 'make help' says what there is\n" \
	    $(call quoted,$@) >&2
	@exit 2

.PHONY: all $(numbers) help demo test soak score grade regrade \
	gradescope handout wires matrix doctor clean
